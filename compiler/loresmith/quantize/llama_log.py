"""What llama.cpp logs, in a child process: warnings and errors to stderr, the rest to a listener."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

_WARNING = 3
"""llama.cpp's log levels: 1 debug, 2 info, 3 warning, 4 error, 5 the rest of the line before."""
_kept: list[Any] = []


def listen(on_line: Callable[[str], None]) -> None:
    """Send every information line to `on_line` from now on, and every warning and error to stderr."""
    import llama_cpp

    def hear(level: int, text: bytes, _data: Any) -> None:
        line = text.decode("utf-8", errors="replace")
        if level in (_WARNING, _WARNING + 1):
            sys.stderr.write(line)
        else:
            on_line(line)

    callback = llama_cpp.llama_log_callback(hear)
    # llama.cpp holds the pointer, not the object: it must outlive this call.
    _kept.append(callback)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
