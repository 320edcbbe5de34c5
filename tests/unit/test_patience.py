"""How llama.cpp's threads wait: as loresmith says, unless the user has said it."""

from __future__ import annotations

import pytest
from loresmith.generate.patience import patience


def test_threads_fall_asleep_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert patience() == {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert patience() == {}
