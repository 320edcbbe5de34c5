"""The entry point: exit codes, and failures shown the way users can act on."""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from pathlib import Path

from loresmith.diagnostics.failure import ENVIRONMENT, INTERRUPTED, EnvironmentFailure, Failure
from loresmith.process.interrupts import take_repeats_as_one, was_interrupted

GOES_ON = ("train", "tune")
"""The commands that go on where an interrupt ended them; the others begin anew."""


def main() -> None:
    """Run the command line and exit with its code."""
    take_repeats_as_one()
    try:
        code = exit_code_of(sys.argv[1:])
    except KeyboardInterrupt:
        # It came while the commands were being loaded: nothing has been begun.
        code = INTERRUPTED
    sys.exit(code)


def exit_code_of(arguments: list[str]) -> int:
    """Run one command; gives 0, 1 (findings), 2 (wrong call), 3 (environment) or 130 (interrupted)."""
    # pydantic would look through every installed distribution for plugins, which takes longer than checking a file.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What Metal can't do is done on the CPU; torch reads this when it is loaded.
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
    import click
    import typer

    from loresmith.commands.application import application
    from loresmith.commands.npm import require_no_swallowed_option

    verbose = "--verbose" in arguments
    if not verbose:
        # The stages show their own progress.
        os.environ.setdefault("TQDM_DISABLE", "1")
        # What the libraries will rename one day is of no use to somebody who trains a model.
        warnings.simplefilter("ignore", FutureWarning)
    try:
        command = typer.main.get_command(application)
        require_no_swallowed_option(command, arguments, os.environ)
        code = command.main([a for a in arguments if a != "--verbose"], "loresmith", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except Exception as error:
        # A library may wrap the interrupt in an exception of its own; pydantic does while it builds a model.
        code = INTERRUPTED if was_interrupted() else _failed(error, verbose)
    if code == INTERRUPTED:
        # typer turns an interrupt into this code without a word.
        print(f"\nInterrupted.{_what_is_kept(arguments)}", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _what_is_kept(arguments: list[str]) -> str:
    command = next((one for one in arguments if not one.startswith("-")), "")
    return " What is finished is kept; the same command goes on." if command in GOES_ON else ""


def _failed(error: Exception, verbose: bool) -> int:
    return _shown(error, verbose) if isinstance(error, Failure) else _unexpected(error, verbose)


def _unexpected(error: Exception, verbose: bool) -> int:
    """click's own errors keep their text and code; a full disk or memory is the environment's; the rest is ours."""
    if hasattr(error, "show") and hasattr(error, "exit_code"):
        error.show()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        return int(error.exit_code)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType, reportUnknownMemberType]
    if isinstance(error, ModuleNotFoundError):
        missing = EnvironmentFailure(
            f"The Python package {error.name} isn't installed.",
            remedy='Run it through `pnpm run …`, which installs everything, or: pip install "loresmith[train]"',
        )
        return _shown(missing, verbose)
    if isinstance(error, BrokenPipeError):
        # The reader of our output has gone (`| head`): nothing is wrong, and there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, MemoryError):
        return _shown(EnvironmentFailure("Memory ran out.", remedy="Close other programs."), verbose)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        full = EnvironmentFailure("The disk is full.", remedy="Make room, or let the output go elsewhere.")
        return _shown(full, verbose)
    print(f"error: unexpected {type(error).__name__}: {error}", file=sys.stderr)
    if verbose:
        traceback.print_exc()
    else:
        print("  help: run it again with --verbose and report what it shows.", file=sys.stderr)
    return ENVIRONMENT if isinstance(error, OSError) else 70


def _shown(failure: Failure, verbose: bool) -> int:
    if verbose:
        traceback.print_exc()
    place = f"{_relative(failure.where)}: " if failure.where else ""
    lines = [f"{place}error: {failure.message}"]
    lines += [f"  {line}" for line in failure.excerpt.splitlines()]
    lines += [f"  help: {failure.remedy}"] if failure.remedy else []
    print("\n".join(lines), file=sys.stderr)
    return failure.exit_code


def _relative(where: str) -> str:
    """A path below the working folder is shown from there."""
    here = str(Path.cwd()) + os.sep
    return where.removeprefix(here)
