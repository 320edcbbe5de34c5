"""The DM messages of the shipped scenarios, as the model has to say them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from loresmith.check.project import check_project
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.lower.conversation import Conversation, lower_scenario

ROOT = Path(__file__).parents[2]


@cache
def conversations() -> list[Conversation]:
    """Every shipped scenario, lowered."""
    folder = ROOT / "ai-training" / "scenarios"
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.md"))}
    vocabulary = load_vocabulary()
    made = [lower_scenario(scenario, vocabulary) for scenario in check_project(files, vocabulary).scenarios()]
    assert len(made) == len(files) > 100
    return made


def dm_messages() -> list[str]:
    """What the DM says in all of them."""
    return [m.content for one in conversations() for m in one.messages if m.role == "assistant"]
