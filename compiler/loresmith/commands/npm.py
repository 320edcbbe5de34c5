"""Options that npm took for itself: `npm run data clean --check` reaches us without `--check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loresmith.diagnostics.failure import InvalidCall


def require_no_swallowed_option(command: Any, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Raise InvalidCall where npm kept an option of ours: it hands those that stand before a `--` on as
    `npm_config_NAME` alone, except --quiet, --verbose and --no-cache, which it takes for its own, unseen. `command` is
    the click group of all commands."""
    if not environ.get("npm_config_user_agent", "").startswith("npm/"):
        return
    named = (one for one in arguments if not one.startswith("-"))
    for option in _options_along(command, named):
        given = any(one.split("=", 1)[0] == option for one in arguments)
        if not given and "npm_config_" + option[2:].replace("-", "_") in environ:
            raise InvalidCall(
                f"npm has taken {option} for itself (or has it from an .npmrc).",
                remedy="Put `--` before the options, as in: npm run data clean -- --check",
            )


def _options_along(command: Any, names: Iterator[str]) -> Iterator[str]:
    """The long options of the command that the names lead to, and of those on the way."""
    yield from (name for one in command.params for name in one.opts if name.startswith("--"))
    below = getattr(command, "commands", {}).get(next(names, ""))
    if below:
        yield from _options_along(below, names)
