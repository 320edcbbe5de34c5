"""pip as our child: it ends with its parent, however that ends.

Its standard input is a pipe from the parent, which closes when the parent is gone, even by `kill -9`.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _end_with_parent() -> None:
    """Wait for the parent's end, then end this process and all that it started."""
    while os.read(0, 1):
        pass
    if os.name == "nt":
        os._exit(1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv[0] = "pip"
    # This folder must not lend its modules to pip.
    sys.path.pop(0)
    runpy.run_module("pip", run_name="__main__")
