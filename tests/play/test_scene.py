"""Which scenario a game begins with, and what it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.diagnostics.failure import Rejected
from loresmith.play.scene import chosen_scenario

from tests.play.scripted import PARTY, VOCABULARY


def test_one_that_no_model_was_trained_on(tmp_path: Path) -> None:
    write(tmp_path, "combat/a.md", "train")
    write(tmp_path, "social/b.md", "test")
    write(tmp_path, "social/c.md", "test")
    assert chosen_scenario(None, tmp_path, VOCABULARY).id == "social/b"


def test_the_first_where_none_is_held_out(tmp_path: Path) -> None:
    write(tmp_path, "combat/b.md", "train")
    write(tmp_path, "combat/a.md", "train")
    assert chosen_scenario(None, tmp_path, VOCABULARY).id == "combat/a"


def test_a_linked_folder_changes_no_name(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "combat/a.md", "test")
    (tmp_path / "project/ai-training").mkdir(parents=True)
    (tmp_path / "project/ai-training/scenarios").symlink_to(tmp_path / "elsewhere/ai-training/scenarios")
    assert chosen_scenario(None, tmp_path / "project", VOCABULARY).id == "combat/a"


def test_a_file_elsewhere_shows_no_folder_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "game.md").write_bytes(PARTY.read_bytes())
    assert chosen_scenario(tmp_path / "game.md", tmp_path / "project", VOCABULARY).id == "game"
    file = write(tmp_path, "combat/a.md", "test")
    assert chosen_scenario(file, tmp_path / "project", VOCABULARY).id == "combat/a"


def test_no_scenario_at_all(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no scenario to begin with"):
        chosen_scenario(None, tmp_path, VOCABULARY)


def write(root: Path, name: str, split: str) -> Path:
    """The party's scenario under another name, in a split."""
    file = root / "ai-training/scenarios" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = PARTY.read_text(encoding="utf-8").replace("category: combat", f"split: {split}")
    file.write_text(text, encoding="utf-8")
    return file
