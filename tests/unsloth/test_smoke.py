"""unsloth itself on the processor: runs where LORESMITH_UNSLOTH names its environment, which takes gigabytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from loresmith.merge.adapter import merge_adapter
from loresmith.merge.check import compare_logits
from loresmith.train.loop import Measurement
from loresmith.unsloth.environment import unsloth_python

from tests.families.tiny import VOCABULARY
from tests.unsloth.runs import STEPS, make, ours, unsloths

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("LORESMITH_UNSLOTH"), reason="LORESMITH_UNSLOTH names no environment with unsloth"
    ),
]


@pytest.mark.parametrize("family", ["gemma3", "qwen3", "gemma3n"])
def test_unsloth_trains_what_our_engine_trains(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNSLOTH_FORCE_CPU", "1")
    python = unsloth_python("cpu", tmp_path, pytest.fail)
    made, steps = make(tmp_path / "made", family), list[Measurement]()
    facts = unsloths(made, family, tmp_path / "theirs", steps.append, python)
    expected = ours(made, family, tmp_path / "ours")
    assert steps[0].loss == pytest.approx(expected[0].loss, rel=1e-5)
    assert len(steps) == len(expected) == STEPS
    for theirs, own in zip(steps, expected, strict=True):
        assert theirs.loss == pytest.approx(own.loss, rel=1e-3)
    assert facts["versions"]["transformers"].startswith("5.17")
    merge_adapter(made / "base", tmp_path / "theirs", tmp_path / "merged", lambda _: None)
    ids = [number % VOCABULARY for number in range(7, 60)]
    assert compare_logits(made / "base", tmp_path / "theirs", tmp_path / "merged", ids).correlation > 0.9999
