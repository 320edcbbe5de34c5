"""Placing llama.cpp's converter from a source archive."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from pathlib import Path

import converter
import pytest
from converter import place_converter, unpack_converter
from diagnosis import SetupError
from packages import Installer

TOP = "llama_cpp_python-0.3.36"
FILES = {
    f"{TOP}/vendor/llama.cpp/convert_hf_to_gguf.py": "print('converter')",
    f"{TOP}/vendor/llama.cpp/convert_lora_to_gguf.py": "",
    f"{TOP}/vendor/llama.cpp/conversion/gemma.py": "",
    f"{TOP}/vendor/llama.cpp/gguf-py/gguf/__init__.py": "",
    f"{TOP}/vendor/llama.cpp/LICENSE": "MIT",
    f"{TOP}/vendor/llama.cpp/ggml/src/ggml.c": "int main;",
    f"{TOP}/vendor/llama.cpp/tools/mtmd/LICENSE": "other",
    f"{TOP}/LICENSE.md": "another",
}


def write_archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_only_the_converter_is_unpacked(tmp_path: Path) -> None:
    place = tmp_path / "share" / "llama.cpp-0.3.36"
    unpack_converter(write_archive(tmp_path / "a.tar.gz", FILES), place)
    unpacked = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert unpacked == {
        "convert_hf_to_gguf.py",
        "convert_lora_to_gguf.py",
        "conversion/gemma.py",
        "gguf-py/gguf/__init__.py",
        "LICENSE",
    }
    assert (place / "LICENSE").read_text() == "MIT"


def test_path_that_leads_outside_is_refused_and_nothing_placed(tmp_path: Path) -> None:
    place = tmp_path / "share" / "llama.cpp-0.3.36"
    bad = FILES | {f"{TOP}/vendor/llama.cpp/conversion/../../../outside.py": "evil"}
    with pytest.raises(tarfile.FilterError):
        unpack_converter(write_archive(tmp_path / "a.tar.gz", bad), place)
    assert not place.exists()
    assert not list(tmp_path.rglob("outside.py"))


def test_link_is_not_unpacked(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.tar.gz", FILES)
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        link = tarfile.TarInfo(f"{TOP}/vendor/llama.cpp/conversion/link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, text in FILES.items():
            archive.addfile(tarfile.TarInfo(name), io.BytesIO(text.encode()))
    assert path.exists()
    unpack_converter(tmp_path / "b.tar", tmp_path / "place")
    assert not (tmp_path / "place" / "conversion" / "link.py").exists()
    assert (tmp_path / "place" / "convert_hf_to_gguf.py").exists()


def test_cut_off_placing_is_done_again(tmp_path: Path) -> None:
    left = tmp_path / ".place.work"
    left.mkdir()
    (left / "half.py").write_text("half")
    unpack_converter(write_archive(tmp_path / "a.tar.gz", FILES), tmp_path / "place")
    assert not (tmp_path / "place" / "half.py").exists()
    assert not left.exists()


def test_source_with_another_hash_is_refused_before_any_of_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    setup = f"open({str(ran)!r}, 'w')\n"
    index = tmp_path / "index"
    index.mkdir()
    write_archive(index / f"{TOP}.tar.gz", FILES | {f"{TOP}/setup.py": setup})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    installer = Installer(Path(sys.executable), tmp_path / "log")
    with pytest.raises(SetupError, match="differs from the pinned one"):
        place_converter(installer, tmp_path / "venv", "0.3.36")
    assert not ran.exists()
    assert not (tmp_path / "venv").exists()


def test_source_with_the_pinned_hash_is_placed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "index"
    index.mkdir()
    # A backend of its own inside the archive: metadata without any other package.
    backend = (
        "def prepare_metadata_for_build_wheel(folder, settings=None):\n"
        "    import os\n"
        "    info = os.path.join(folder, 'llama_cpp_python-0.3.36.dist-info')\n"
        "    os.mkdir(info)\n"
        "    with open(os.path.join(info, 'METADATA'), 'w') as file:\n"
        "        file.write('Metadata-Version: 2.1\\nName: llama-cpp-python\\nVersion: 0.3.36\\n')\n"
        "    return 'llama_cpp_python-0.3.36.dist-info'\n"
        "def build_wheel(*_): raise SystemExit('nothing must be built')\n"
    )
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    own = {f"{TOP}/pyproject.toml": project, f"{TOP}/backend.py": backend}
    sdist = write_archive(index / f"{TOP}.tar.gz", FILES | own)
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    monkeypatch.setitem(converter.SDIST_SHA256, "0.3.36", digest)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    installer = Installer(Path(sys.executable), tmp_path / "log")
    place_converter(installer, tmp_path / "venv", "0.3.36")
    placed = tmp_path / "venv" / "share" / "loresmith" / "llama.cpp-0.3.36" / "convert_hf_to_gguf.py"
    assert placed.read_text() == "print('converter')"
    sdist.unlink()
    place_converter(installer, tmp_path / "venv", "0.3.36")
