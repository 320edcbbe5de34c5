"""The heap of a training: what it keeps, what it gives back, and its pages."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
HUGE = Path("/sys/kernel/mm/transparent_hugepage/enabled")
SCRIPT = """
import json, os, psutil, re, torch
from pathlib import Path
from loresmith.train.heap import give_back_freed_memory, keep_freed_memory

def held():
    return psutil.Process().memory_info().rss

keep_freed_memory()
before = held()
tensors = [torch.ones(2**22) for _ in range(16)]
full = held()
huge = int(re.search(r"AnonHugePages: +([0-9]+)", Path("/proc/self/smaps_rollup").read_text())[1])
del tensors
kept = held()
give_back_freed_memory()
kernels = os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]
print(json.dumps({"full": full - before, "kept": kept - before, "left": held() - before, "huge": huge * 1024,
                  "kernels": kernels}))
"""
SIZE = 16 * 4 * 2**22


@pytest.fixture(scope="module")
def measured() -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, timeout=120
    )
    return json.loads(done.stdout)


def test_what_is_freed_is_kept_until_it_is_given_back(measured: dict[str, int]) -> None:
    assert measured["full"] > 0.9 * SIZE
    assert measured["kept"] > 0.9 * SIZE
    assert measured["left"] < 0.2 * SIZE


@pytest.mark.skipif(
    not HUGE.exists() or "[never]" in HUGE.read_text(), reason="the system lends no huge pages"
)
def test_tensors_lie_in_huge_pages(measured: dict[str, int]) -> None:
    assert measured["huge"] > 0.5 * SIZE


def test_few_kernels_are_kept(measured: dict[str, int]) -> None:
    assert measured["kernels"] == "128"
