"""A tiny project around the real bootstrap, and packages for it: set up in seconds, without a network."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from loresmith.interrupts import take_repeats_as_one
take_repeats_as_one()
print("arguments", sys.argv[1:], flush=True)
if "fail" in sys.argv:
    sys.exit(int(sys.argv[-1]))
if "tiny" in sys.argv:
    import tiny_package
    print("tiny", tiny_package.__file__, flush=True)
if "wait" in sys.argv:
    import time
    try:
        print("waiting", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(0.5)
        print("put away", flush=True)
        sys.exit(130)
"""


@dataclass(frozen=True)
class TinyProject:
    """A checkout with the real bootstrap, one pinned package, and a `loresmith` that echoes its call."""

    root: Path
    index: Path

    @property
    def venv(self) -> Path:
        return self.root / "ai-training" / ".venv"

    def environment(self, **more: str) -> dict[str, str]:
        """The variables with which pip takes packages from our own folder alone; an empty one is unset."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "LORESMITH_", "npm_"))
        }
        own = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index)}
        return {name: value for name, value in (kept | own | more).items() if value}

    def command(self, *arguments: str) -> list[str]:
        return ["node", str(self.root / "bootstrap" / "run.mjs"), *arguments]

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """The command in a session of its own, so that a signal to its group reaches nobody else."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def make_project(folder: Path) -> TinyProject:
    """A project in `folder/project` and its packages in `folder/index`."""
    root, index = folder / "project", folder / "index"
    shutil.copytree(ROOT / "bootstrap", root / "bootstrap", ignore=shutil.ignore_patterns("__pycache__"))
    package = root / "compiler" / "loresmith"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(PROGRAM)
    shutil.copy(ROOT / "compiler" / "loresmith" / "process" / "interrupts.py", package)
    (root / "requirements.lock").write_text("tiny-package==1.0\n")
    index.mkdir()
    write_wheel(index, "tiny_package", "1.0")
    return TinyProject(root, index)


def write_wheel(folder: Path, name: str, version: str, code: str = "") -> None:
    """A wheel with one module."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
