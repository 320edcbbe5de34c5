"""Why the environment can't be made, and the exact command that mends it."""

from __future__ import annotations

import platform
import re
import shutil

_NO_SPACE = ("no space left on device", "errno 28", "disk quota exceeded", "not enough space on the disk")
_NO_COMPILER = (
    "cmake_cxx_compiler not set",
    "cmake_c_compiler not set",
    "could not find compiler",
    "could not find the compiler",
    "no cmake_c_compiler could be found",
    "no cmake_cxx_compiler could be found",
    "cmake not found",
    "could not find any instance of visual studio",
)
_NO_CERTIFICATE = ("certificate_verify_failed", "sslcertverificationerror")
_NO_NETWORK = (
    "temporary failure in name resolution",
    "name or service not known",
    "nameresolutionerror",
    "getaddrinfo failed",
    "newconnectionerror",
    "connection refused",
    "network is unreachable",
    "max retries exceeded",
    "connection broken",
    "connecttimeouterror",
    "readtimeouterror",
    "proxyerror",
)
_AGAIN = "then run the same command again."


class SetupError(Exception):
    """The environment can't be made; `remedy` is the command that mends it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def diagnose(output: str) -> tuple[str, str]:
    """The cause that pip's output tells of, and the command that mends it.

    A full disk comes first: it makes everything else fail as well. What a retry got over isn't a cause, so
    the network comes after the compiler, which is only missed once everything was fetched.
    """
    low = output.lower()
    if _has(low, _NO_SPACE):
        return (
            "the disk is full.",
            f"Free 4 GB (pip also unpacks into the temporary folder, TMPDIR), {_AGAIN}",
        )
    if _has(low, _NO_COMPILER):
        return "there is no C++ compiler to build llama.cpp with.", f"{compiler_command()}, {_AGAIN}"
    if "do not match the hashes" in low:
        return "a file differs from the pinned one (sha256).", f"pip cache purge, {_AGAIN}"
    if _has(low, _NO_CERTIFICATE):
        return (
            "the package index's certificate isn't trusted.",
            "Name your proxy's: pip config set global.cert FILE",
        )
    if _has(low, _NO_NETWORK):
        return "the package index can't be reached.", f"Check the network and `pip config list`, {_AGAIN}"
    return _missing(output) or _unknown(output)


def _has(low: str, marks: tuple[str, ...]) -> bool:
    return any(mark in low for mark in marks)


def _missing(output: str) -> tuple[str, str] | None:
    """A package that the index doesn't offer: none at all means that the index gave nothing."""
    offered = re.search(r"satisfies the requirement (\S+) \(from versions: ([^)]*)\)", output)
    if offered is None:
        return None
    if offered[2] == "none":
        cause = f"the package index offers no {offered[1]}: it can't be reached, or lacks it."
        return cause, f"Check the network and `pip config list`, {_AGAIN}"
    cause = f"there is no {offered[1]} for Python {platform.python_version()} on this machine."
    return cause, f"Name another Python (3.11 to 3.13) in LORESMITH_PYTHON, {_AGAIN}"


def _unknown(output: str) -> tuple[str, str]:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["pip said nothing"]
    return errors[-1].removeprefix("ERROR:").strip(), f"Mend what the log says, {_AGAIN}"


def compiler_command(system: str = platform.system()) -> str:
    """The command that installs a C++ compiler and make."""
    if system == "Darwin":
        return "xcode-select --install"
    if system == "Windows":
        workload = "--add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"
        return f'winget install Microsoft.VisualStudio.2022.BuildTools --override "--passive {workload}"'
    return "sudo dnf install gcc-c++ make" if shutil.which("dnf") else "sudo apt install build-essential"


def venv_command(version: str = platform.python_version(), system: str = platform.system()) -> str:
    """The command that installs Python's own module for environments, which Debian ships apart."""
    minor = ".".join(version.split(".")[:2])
    if system == "Linux" and not shutil.which("dnf"):
        return f"sudo apt install python{minor}-venv, {_AGAIN}"
    return f"Install Python {minor} whole, or name another in LORESMITH_PYTHON, {_AGAIN}"
