"""Quantizes one file: `python -m loresmith.quantize.worker SOURCE DESTINATION KIND THREADS [MATRIX]`."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path
from typing import Any

from loresmith.process.child import say_progress
from loresmith.quantize.importance import Importance, read_importance
from loresmith.quantize.kinds import require_kind
from loresmith.quantize.llama_log import listen

_TENSOR = re.compile(r"\[\s*(\d+)/\s*(\d+)\]")


def main() -> None:
    """Quantize, with progress by tensor; ends with code 1 when llama.cpp refuses."""
    import llama_cpp

    source, destination, kind, threads, *matrix = sys.argv[1:]
    listen(_report_tensor)
    parameters: Any = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_{require_kind(kind)}")
    parameters.nthread = int(threads)
    if matrix:
        importance = read_importance(Path(matrix[0]))
        parameters.imatrix = _rows(importance)
    pointer: Any = ctypes.byref(parameters)
    code = llama_cpp.llama_model_quantize(source.encode(), destination.encode(), pointer)
    sys.exit(1 if code else 0)


def _rows(importance: Importance) -> Any:
    """The matrix as llama.cpp takes it: an array that a row without a name ends. It points into `importance`."""
    import llama_cpp

    rows = (llama_cpp.llama_model_imatrix_data * (len(importance) + 1))()
    for row, (name, values) in zip(rows, importance.items(), strict=False):
        row.name, row.size = name.encode(), len(values)
        row.data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    return rows


def _report_tensor(line: str) -> None:
    """llama.cpp logs a line for each tensor, which begins with its number of how many."""
    if match := _TENSOR.match(line.strip()):
        say_progress(int(match[1]) / int(match[2]))


if __name__ == "__main__":
    main()
