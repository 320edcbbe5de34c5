"""Bytes that are safe: a file is there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from loresmith.diagnostics.failure import EnvironmentFailure

CHUNK = 1 << 20
NEW_FILE_MODE = 0o644


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` through a temporary name, fsync and rename. A file that is there keeps its mode.

    Raises EnvironmentFailure when the disk is full or the folder can't be written.
    """
    data = content.encode() if isinstance(content, str) else content
    with disk_failures(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else NEW_FILE_MODE)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the renames in `folder` durable."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def disk_failures(path: Path) -> Generator[None]:
    """Turn a full disk, a quota or a read-only folder into an EnvironmentFailure that names the path."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(path) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise EnvironmentFailure(
                f"The file can't be written: {error.strerror}.",
                where=str(path),
                remedy="Give your user the right to write there, then run the same command again.",
            ) from error
        raise


def disk_full(path: Path) -> EnvironmentFailure:
    """The failure of a disk that is full, at `path`."""
    return EnvironmentFailure(
        "The disk is full.", where=str(path), remedy="Free some space; the same command goes on."
    )
