"""`python -m loresmith`."""

from loresmith.commands.entry import main

if __name__ == "__main__":
    main()
