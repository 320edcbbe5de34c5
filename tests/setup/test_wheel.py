"""The built wheel works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.setup.project import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout, built with what is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def loresmith(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, in an environment that has our packages but not the checkout."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    site_packages = next(venv.glob("lib/python*/site-packages"))
    (site_packages / "packages.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
    ]
    subprocess.run([*pip, str(wheel)], check=True)
    return venv / "bin" / "loresmith"


def test_language_and_recipes_travel_inside(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("grammar", "recipes"):
        ours = {
            f"loresmith/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*") if path.is_file()
        }
        assert ours, folder
        assert {name for name in ours if "__pycache__" not in name} <= inside
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def test_installed_command_runs_outside_the_checkout(loresmith: Path, tmp_path: Path) -> None:
    version = _run(loresmith, tmp_path, "--version")
    assert version.stdout == "loresmith 0.1.0\n", version.stderr
    start = _run(loresmith, tmp_path, "init", "game")
    assert start.returncode == 0, start.stderr
    lint = _run(loresmith, tmp_path / "game", "lint")
    assert lint.returncode == 0, lint.stdout + lint.stderr
    plan = _run(loresmith, tmp_path / "game", "plan", "gemma3-270m")
    assert plan.returncode == 0, plan.stdout + plan.stderr


def test_what_installs_the_engines_environment_travels_inside(loresmith: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from loresmith.resources import shipped_folder as f; sys.path.insert(0, str(f('bootstrap')));"
        "import packages, diagnosis; from loresmith.unsloth.environment import pins_of;"
        "print(packages._CHILD.is_file(), len(pins_of('cuda')) > len(pins_of('cpu')) > 50, packages.__file__)"
    )
    python = loresmith.with_name("python")
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True True ")
    assert str(ROOT) not in done.stdout


def test_installed_package_is_not_the_checkout(loresmith: Path, tmp_path: Path) -> None:
    python = loresmith.with_name("python")
    code = (
        "import loresmith, loresmith.resources as r; print(loresmith.__file__, r.shipped_folder('grammar'))"
    )
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert str(ROOT) not in done.stdout
    assert "site-packages" in done.stdout


def _run(command: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
