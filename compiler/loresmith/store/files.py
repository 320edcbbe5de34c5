"""Bytes that are safe: a file is there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall

CHUNK = 1 << 20
NEW_FILE_MODE = 0o644
_STREAMS = (Path("/dev/stdout"), Path("/dev/stderr"))
NO_PLACE = (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` to `path` through a temporary name, fsync and rename. A file that is there keeps its mode, a link
    stays one and what it leads to is written; a device or a pipe, which can't be replaced, is written into.

    Raises EnvironmentFailure when the disk is full or the folder can't be written, InvalidCall where no file can be.
    """
    data = content.encode() if isinstance(content, str) else content
    with disk_failures(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if _is_a_stream(path):
            path.write_bytes(data)
            return
        path = Path(os.path.realpath(path))
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


@contextmanager
def written_whole(path: Path) -> Generator[Path]:
    """A name to write a file under, which gets the name `path` when it is whole; it is removed where writing fails.

    Raises EnvironmentFailure when the disk is full or the folder can't be written.
    """
    temporary = path.with_name(f".{path.name}.partial")
    with disk_failures(path):
        try:
            yield temporary
            sync_file(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def copy_file(source: Path, destination: Path, report: Callable[[float], None] = lambda _done: None) -> None:
    """Copy a file's bytes; they are on the disk when it returns. `report` is told the part that is done."""
    size = source.stat().st_size
    with source.open("rb") as read, destination.open("wb") as written:
        while chunk := read.read(CHUNK):
            written.write(chunk)
            report(written.tell() / size)
    sync_file(destination)


def _is_a_stream(path: Path) -> bool:
    """Whether the path is a device, a pipe, or the name of an open file, none of which can be replaced."""
    return (path.exists() and not path.is_file()) or path.parent == Path("/dev/fd") or path in _STREAMS


def require_writable(folder: Path) -> None:
    """Make the folder where it isn't there; raises as `write_atomically` does where nothing can be written into it."""
    with disk_failures(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable."""
    # Windows syncs only what is open for writing; elsewhere a file that may not be written is synced too.
    with path.open("rb+" if os.name == "nt" else "rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the renames in `folder` durable."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: Path) -> bytes:
    """What is in a file that the user named or wrote. Raises InvalidCall when it can't be read."""
    require_sayable(path)
    try:
        return path.read_bytes()
    except OSError as error:
        reason = f"The file can't be read: {error.strerror or error}."
        raise InvalidCall(reason, remedy="Mend it, or name the other files.", where=str(path)) from error


def require_sayable(path: Path) -> None:
    """Raise InvalidCall for a path that isn't UTF-8: neither a page, nor a database, nor llama.cpp takes it."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise InvalidCall(
            "The name isn't in UTF-8.",
            where=os.fsencode(path).decode(errors="replace"),
            remedy="Rename the file or its folder.",
        ) from error


def files_below(folder: Path, ending: str) -> list[Path]:
    """The files below a folder whose names end so, sorted, links to files among them; links to folders aren't followed.

    None where there is no such folder. Raises InvalidCall where one can't be read, which would hide what is in it.
    """

    def refuse(error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return
        raise InvalidCall(
            f"The folder can't be read: {error.strerror}.",
            where=str(error.filename),
            remedy="Give your user the right to read it, or move it away.",
        ) from error

    found: list[Path] = []
    for place, _, names in os.walk(folder, onerror=refuse):
        try:
            found += [
                path for name in names if name.endswith(ending) and (path := Path(place, name)).is_file()
            ]
        except OSError as error:
            refuse(error)
    return sorted(found)


def json_lines(path: Path) -> list[str]:
    """The values of a file with one in each line, as text. Only a line feed ends a line: a text within may hold other
    separators, which `str.splitlines` takes for ends."""
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def sha256_of(path: Path, report: Callable[[float], None] = lambda _done: None) -> str:
    """The sha256 of a file's bytes, in hex. `report` is told the part that is done."""
    digest, size = hashlib.sha256(), path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            report(file.tell() / size)
    return digest.hexdigest()


@contextmanager
def disk_failures(path: Path) -> Generator[None]:
    """Turn a full disk, a quota or a read-only folder into an EnvironmentFailure that names the path, and a path where
    nothing can be (a folder of that name, a file for a folder) into an InvalidCall."""
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
        if error.errno in NO_PLACE and _leads_to(error.filename, path):
            raise InvalidCall(
                f"Nothing can be written there: {error.strerror}.",
                where=str(path),
                remedy="Name another place.",
            ) from error
        raise


def _leads_to(named: object, path: Path) -> bool:
    """Whether the file that the system named is the path, is on the way to it, or stands beside it."""
    if not isinstance(named, str):
        return False
    way, met = Path(os.path.realpath(path)), Path(os.path.realpath(named))
    return met == way or met in way.parents or met.parent == way.parent


def disk_full(path: Path) -> EnvironmentFailure:
    """The failure of a disk that is full, at `path`."""
    return EnvironmentFailure(
        "The disk is full.", where=str(path), remedy="Free some space; the same command goes on."
    )
