"""Quantizes one file: `python -m loresmith.quantize.worker SOURCE DESTINATION KIND THREADS`."""

from __future__ import annotations

import ctypes
import re
import sys
from typing import Any

from loresmith.process.child import say_progress
from loresmith.quantize.kinds import require_kind
from loresmith.quantize.llama_log import listen

_TENSOR = re.compile(r"\[\s*(\d+)/\s*(\d+)\]")


def main() -> None:
    """Quantize, with progress by tensor; ends with code 1 when llama.cpp refuses."""
    import llama_cpp

    source, destination, kind, threads = sys.argv[1:]
    listen(_report_tensor)
    parameters: Any = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_{require_kind(kind)}")
    parameters.nthread = int(threads)
    pointer: Any = ctypes.byref(parameters)
    code = llama_cpp.llama_model_quantize(source.encode(), destination.encode(), pointer)
    sys.exit(1 if code else 0)


def _report_tensor(line: str) -> None:
    """llama.cpp logs a line for each tensor, which begins with its number of how many."""
    if match := _TENSOR.match(line.strip()):
        say_progress(int(match[1]) / int(match[2]))


if __name__ == "__main__":
    main()
