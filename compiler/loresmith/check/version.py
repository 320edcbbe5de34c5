"""Which compiler this is: what is kept of a file holds for the compiler that made it and for no other."""

from __future__ import annotations

import hashlib
import sys
from functools import cache

from loresmith.resources import PACKAGE, shipped_folder

ROOMS = ("check", "diagnostics", "elaborate", "ir", "syntax")
"""The rooms whose code decides what a file compiles to."""


@cache
def compiler_digest() -> bytes:
    """The sha256 over the code and the grammars of the front end, and the version of Python."""
    modules = [path for room in ROOMS for path in sorted((PACKAGE / room).glob("*.py"))]
    grammars = sorted(shipped_folder("grammar").glob("*.lark"))
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in (*modules, *grammars):
        digest.update(f"{path.parent.name}/{path.name}\n".encode() + path.read_bytes())
    return digest.digest()
