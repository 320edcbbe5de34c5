"""Sizes, budgets and predictions; needs none of the heavy libraries."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from loresmith.diagnostics.failure import Rejected
from loresmith.quantize.budget import parse_size, require_fits
from loresmith.quantize.kinds import KINDS
from loresmith.quantize.predict import known_sizes, predicted_bytes
from loresmith.recipe.schema import QuantizationKind


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000), ("2 GB", 2_000_000_000), ("500MB", 500_000_000), ("10kB", 10_000),
        ("1.5GiB", 1_610_612_736), ("256MiB", 268_435_456), ("4KiB", 4096), ("123", 123), ("123B", 123),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "2 TBs", "-2GB", "0", "0.1B", "2,5GB", "1e9", "2GB!"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


def test_a_file_of_exactly_the_budget_fits() -> None:
    require_fits("q8_0", 2_000_000_000, 2_000_000_000, None)


def test_over_budget_names_what_fits_largest_first() -> None:
    with pytest.raises(Rejected, match=r"291,544,992 bytes; the budget is 260,000,000") as caught:
        require_fits("q8_0", 291_544_992, 260_000_000, "gemma3-270m")
    remedy = caught.value.remedy
    assert remedy.startswith("These fit: q4_k_m (253,114,272 bytes), q3_k_m (241,962,912 bytes)")
    assert "q6_k" not in remedy
    assert caught.value.exit_code == 1


def test_over_budget_names_the_smallest_when_nothing_fits() -> None:
    with pytest.raises(Rejected) as caught:
        require_fits("q4_k_m", 4_844_933_888, 2_000_000_000, "gemma3n-e4b")
    assert "No quantization of gemma3n-e4b fits; the smallest are q2_k (3,915,690,752" in caught.value.remedy


@pytest.mark.parametrize("base", [None, "some-base"])
def test_over_budget_of_an_unknown_base(base: str | None) -> None:
    with pytest.raises(Rejected) as caught:
        require_fits("q8_0", 2, 1, base)
    assert "smaller quantization" in caught.value.remedy


def test_predictions() -> None:
    assert predicted_bytes("gemma3n-e2b", "q8_0") == 4_790_764_032
    assert predicted_bytes("gemma3-1b", "iq4_xs") is None
    assert predicted_bytes("some-base", "q8_0") is None


def test_every_known_size_is_of_a_kind() -> None:
    for base in ("gemma3-270m", "gemma3-1b", "gemma3n-e2b", "gemma3n-e4b"):
        assert set(known_sizes(base)) <= set(KINDS)
        assert {"q8_0", "q4_k_m"} <= set(known_sizes(base))


def test_recipes_and_the_table_know_the_same_kinds() -> None:
    assert set(get_args(QuantizationKind)) == set(KINDS)


def test_prediction_imports_nothing_heavy() -> None:
    code = (
        "import sys, loresmith.quantize.predict, loresmith.quantize.budget, loresmith.quantize.kinds\n"
        "heavy = {'torch', 'numpy', 'gguf', 'llama_cpp', 'transformers'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
