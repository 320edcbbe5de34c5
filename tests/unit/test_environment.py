"""Verdicts on the machine: accelerator, memory, disk, hub, dependencies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from loresmith.environment.accelerator import Accelerator, choose_accelerator
from loresmith.environment.doctor import (
    accelerator_verdict,
    compiler_verdict,
    converter_verdict,
    dependency_verdict,
    disk_verdict,
    hub_verdict,
    memory_verdict,
    python_verdict,
)
from loresmith.environment.hub import hub_is_reachable
from loresmith.environment.memory import (
    available_memory_bytes,
    free_disk_bytes,
    total_memory_bytes,
)
from loresmith.train.memory import free_memory_bytes
from packaging.requirements import Requirement

GB = 1_000_000_000


@dataclass(frozen=True)
class FakeDevices:
    """Stands for both `torch.cuda` and `torch.backends.mps`."""

    present: bool
    bf16: bool

    def is_available(self) -> bool:
        return self.present

    def is_bf16_supported(self, *, including_emulation: bool) -> bool:
        return self.bf16 or including_emulation

    def is_macos_or_newer(self, _major: int, _minor: int) -> bool:
        return self.bf16

    def get_device_properties(self, _index: int) -> SimpleNamespace:
        return SimpleNamespace(name="Fake 9000", total_memory=24 * GB)


def fake_torch(
    *, cuda: bool = False, mps: bool = False, bf16: bool = False, unit: str = "avx512_bf16"
) -> SimpleNamespace:
    """A torch with these devices, and a processor whose `unit` multiplies in bf16 or doesn't."""
    return SimpleNamespace(
        cuda=FakeDevices(cuda, bf16),
        backends=SimpleNamespace(mps=FakeDevices(mps, bf16)),
        cpu=SimpleNamespace(get_capabilities=lambda: {"avx2": True, unit: bf16}),
    )


@pytest.mark.parametrize(
    ("devices", "kind", "precision", "memory"),
    [
        ({"cuda": True, "bf16": True}, "cuda", "bf16", 24 * GB),
        ({"cuda": True}, "cuda", "fp32", 24 * GB),
        ({"cuda": True, "mps": True, "bf16": True}, "cuda", "bf16", 24 * GB),
        ({"mps": True, "bf16": True}, "mps", "bf16", 16 * GB),
        ({"mps": True}, "mps", "fp32", 16 * GB),
        ({}, "cpu", "fp32", 16 * GB),
        ({"bf16": True}, "cpu", "bf16-mixed", 16 * GB),
        ({"bf16": True, "unit": "amx_bf16"}, "cpu", "bf16-mixed", 16 * GB),
        ({"bf16": True, "unit": "avx512_fp16"}, "cpu", "fp32", 16 * GB),
    ],
)
def test_choice_of_accelerator(devices: dict[str, Any], kind: str, precision: str, memory: int) -> None:
    chosen = choose_accelerator(fake_torch(**devices), 16 * GB)
    assert (chosen.kind, chosen.precision, chosen.memory_bytes) == (kind, precision, memory)


@pytest.mark.parametrize(
    ("set_by_user", "expected"), [({}, "1"), ({"PYTORCH_ENABLE_MPS_FALLBACK": "0"}, "0")]
)
def test_metal_falls_back_to_the_cpu_from_before_torch_loads(
    set_by_user: dict[str, str], expected: str
) -> None:
    code = (
        "import os, sys\nfrom loresmith.commands.entry import exit_code_of\nexit_code_of(['--version'])\n"
        "print(os.environ['PYTORCH_ENABLE_MPS_FALLBACK'], 'torch' in sys.modules)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTORCH_ENABLE_MPS_FALLBACK"} | set_by_user
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout
    assert said.splitlines()[-1] == f"{expected} False"


@pytest.mark.parametrize(("device", "free"), [("cuda", 15 * GB), ("mps", 12 * GB)])
def test_free_memory_of_a_device_is_what_its_driver_says(
    device: str, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What torch has already reserved on a CUDA device is the run's own."""
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda: (11 * GB, 24 * GB))
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda: 4 * GB)
    monkeypatch.setattr("torch.mps.recommended_max_memory", lambda: 12 * GB)
    assert free_memory_bytes(device) == free


def test_accelerator_verdicts() -> None:
    cpu = choose_accelerator(fake_torch(), 16 * GB)
    cuda = Accelerator(kind="cuda", name="Fake 9000", memory_bytes=24 * GB, precision="bf16")
    assert accelerator_verdict(cuda).status == "ok"
    assert accelerator_verdict(cuda).detail == "Fake 9000, bf16, 24.0 GB"
    assert accelerator_verdict(cpu).status == "warning"
    assert accelerator_verdict(None).status == "error"


@pytest.mark.parametrize(
    ("total", "available", "status"), [(16, 10, "ok"), (16, 2, "warning"), (4, 3, "error")]
)
def test_memory_verdicts(total: int, available: int, status: str) -> None:
    verdict = memory_verdict(total * GB, available * GB)
    assert verdict.status == status
    assert bool(verdict.remedy) is (status != "ok")


@pytest.mark.parametrize(("free", "status"), [(100, "ok"), (3, "error")])
def test_disk_verdicts(free: int, status: str) -> None:
    assert disk_verdict(free * GB).status == status


@pytest.mark.parametrize(("version", "status"), [("3.11.0", "ok"), ("3.14.1", "ok"), ("3.10.13", "error")])
def test_python_verdicts(version: str, status: str) -> None:
    assert python_verdict(version).status == status


def test_compiler_matters_only_until_llama_is_built() -> None:
    assert compiler_verdict("/usr/bin/c++", built=False).status == "ok"
    assert compiler_verdict(None, built=True).status == "ok"
    missing = compiler_verdict(None, built=False)
    assert missing.status == "error"
    assert missing.remedy.startswith("Run: ")


def test_dependency_verdicts() -> None:
    assert dependency_verdict(Requirement("pytest>=1")).status == "ok"
    assert dependency_verdict(Requirement("pytest>=999")).status == "error"
    absent = dependency_verdict(Requirement("no-such-package==1.0"))
    assert (absent.status, absent.detail) == ("error", "not installed, needed: ==1.0")


def test_local_build_of_a_pinned_version_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def local_version(_name: str) -> str:
        return "2.13.0+cpu"

    monkeypatch.setattr("importlib.metadata.version", local_version)
    assert dependency_verdict(Requirement("torch==2.13.0")).status == "ok"


def test_converter_verdicts(tmp_path: Path) -> None:
    assert converter_verdict(tmp_path).status == "error"
    folder = tmp_path / "share" / "loresmith" / "llama.cpp-0.3.36"
    folder.mkdir(parents=True)
    (folder / "convert_hf_to_gguf.py").write_text("")
    assert converter_verdict(tmp_path).status == "ok"


def test_hub_verdicts() -> None:
    assert hub_verdict("http://127.0.0.1:1", reachable=True).status == "ok"
    assert hub_verdict("", reachable=False).status == "warning"


@pytest.fixture(params=[200, 405])
def hub(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a local server that answers every HEAD with a status."""

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(request.param)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_hub_that_answers(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert hub_is_reachable()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not hub_is_reachable()


def test_hub_with_nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert not hub_is_reachable()
    monkeypatch.setenv("HF_ENDPOINT", "not an address")
    assert not hub_is_reachable()


def test_hub_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert not hub_is_reachable(timeout=0.2)


def test_container_limit_bounds_memory(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("1000000000\n")
    assert total_memory_bytes((limit,)) == GB
    assert available_memory_bytes((limit,)) <= GB
    limit.write_text("max\n")
    machine = total_memory_bytes(())
    assert total_memory_bytes((limit, tmp_path / "absent")) == machine
    assert 0 < available_memory_bytes(()) < machine


def test_free_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert abs(free_disk_bytes(tmp_path / "a" / "b") - free_disk_bytes(tmp_path)) < GB


def test_examining_imports_torch_only_for_the_accelerator() -> None:
    code = "import sys, loresmith.environment.doctor; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
