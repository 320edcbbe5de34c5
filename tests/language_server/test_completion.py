"""Completion: each place offers what may stand there, and nothing else is offered anywhere."""

from __future__ import annotations

import pytest
from loresmith.ir.vocabulary import load_vocabulary

from tests.language_server.editor import SYSTEM, TURN, Editor, applied

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOOLS = [tool.name for tool in load_vocabulary().tools]
ALIASES = ["check", "save", "award_exp", "charge", "spellcast", "transition"]
DICE = ["1d20", "1d4", "1d6", "1d8", "1d10", "1d12", "1d100"]
ABILITIES = ["strength", "dexterity", "constitution", "intelligence", "wisdom", "charisma"]
NAMES = ["Lyra Swift", "Borin", "player"]
ALONE = SYSTEM[: SYSTEM.index("- **Borin**")] + "\n"
MEMBER_FIELDS = ["Health", "Experience", "Inventory", "Skills", "Abilities", "Conditions", "Spells", "AC"]

TURN_CASES: dict[str, tuple[str, list[str]]] = {
    "after a bracket": ("You look. [¦", [*TOOLS, *ALIASES]),
    "in a tool's name": ("You look. [ro¦]", [*TOOLS, *ALIASES]),
    "a mode": ("You look. [roll: stealth, ¦]", ["advantage", "disadvantage"]),
    "a named mode": ("You look. [roll: mode=dis¦]", ["advantage", "disadvantage"]),
    "an alias of a part of the values": ("You duck. [save: ¦]", [*ABILITIES, "death"]),
    "a name": ("It bites. [health: ¦", NAMES),
    "a name that is in the file already": ("[health: grey wolf, -1] and [health: ¦", [*NAMES, "grey wolf"]),
    "a number": ("It bites. [health: Lyra, ¦]", []),
    "an action": ("[inventory: Lyra, ¦]", ["add", "remove"]),
    "an item carried": ("[inventory: Lyra, remove, ¦]", ["longbow", "arrow", "rope"]),
    "an item of another": ("[inventory: Borin, remove, ¦]", ["warhammer"]),
    "an item added": ("[inventory: Lyra, add, silver key] [inventory: Lyra, remove, s¦]",
                      ["longbow", "arrow", "rope", "silver key"]),
    "an item removed": ("[inventory: player, remove, rope] [inventory: Lyra, remove, ¦]", ["longbow", "arrow"]),
    "a new item": ("[inventory: Lyra, add, ¦]", []),
    "a condition": ("[condition: Borin, add, po¦]", list(load_vocabulary().lists["conditions"])),
    "free text": ("[move: ¦]", []),
    "one argument too many": ("[rest: short, ¦]", []),
    "an unknown tool": ("[sing: ¦]", []),
    "prose": ("You look. ¦", []),
    "dice in a result": ("<TOOLCALL>1d20: 1d20[¦", []),
    "a code span": ("`[roll: ¦]`", []),
    "an escaped bracket": (r"\[¦", []),
    "behind emoji": ("🐉🐉 𝔇 [rest: ¦]", ["short", "long"]),
}  # fmt: skip

FILE_CASES: dict[str, tuple[str, list[str]]] = {
    "an empty file": ("# ¦", ["SYSTEM"]),
    "the first field": ("# SYSTEM\n\n## ¦", ["Role", "World", "Location", "Party"]),
    "a missing field": (SYSTEM.replace("## World", "## Wo¦"), ["World"]),
    "no field is missing": (SYSTEM + "## ¦\n", []),
    "the first turn": (SYSTEM + "# ¦", ["User", "DM", "Lyra Swift", "Borin"]),
    "a speaker": (SYSTEM + TURN + "Hello.\n\n# Innkeeper\n\nAye.\n\n# In¦",
                  ["User", "DM", "Lyra Swift", "Borin", "Innkeeper"]),
    "a heading within a turn": (SYSTEM + TURN + "## ¦", []),
    "a member's field": (SYSTEM.replace("  - Skills: perception +5", "  - ¦"), MEMBER_FIELDS),
    "a half-typed member's field": (SYSTEM.replace("  - Skills: perception +5", "  - Ski¦"), MEMBER_FIELDS),
    "a member": (SYSTEM + "- ¦", []),
    "the player's field": ("# SYSTEM\n\n## Player\n\n- Name: Lyra\n- ¦",
                           ["Name", "Race", "Class", "Level", *MEMBER_FIELDS]),
    "a list in a turn": (SYSTEM + TURN + "  - ¦", []),
    "a key of the front matter": ("---\nid: a\n¦\n---\n" + SYSTEM, ["category", "tags", "split", "weight"]),
    "a value of the front matter": ("---\nsplit: ¦\n---\n" + SYSTEM, ["train", "eval", "test"]),
    "a tool in a User turn": (SYSTEM + "# User\n\n[¦", []),
    "a tool in the player character's turn": (SYSTEM + "# Lyra Swift\n\n[¦", []),
    "a tool in a speaker's turn": (SYSTEM + TURN + "Hello.\n\n# Innkeeper\n\n[¦", [*TOOLS, *ALIASES]),
    "a party of one": (ALONE + TURN + "[health: ¦]", ["Lyra Swift", "player"]),
    "a party of one without its name": (ALONE + TURN + "[condition: ¦]",
                                        ["Lyra Swift", "player", "add", "remove"]),
    "its item": (ALONE + TURN + "[inventory: remove, ¦]", ["longbow", "arrow", "rope"]),
}  # fmt: skip


@pytest.mark.parametrize("case", TURN_CASES)
async def test_in_a_turn(editor: Editor, case: str) -> None:
    text, expected = TURN_CASES[case]
    items = await editor.completion(SYSTEM + TURN + text + "\n")
    assert [item.label for item in items] == expected


@pytest.mark.parametrize("case", FILE_CASES)
async def test_in_a_file(editor: Editor, case: str) -> None:
    text, expected = FILE_CASES[case]
    assert [item.label for item in await editor.completion(text)] == expected


async def test_what_is_rolled(editor: Editor) -> None:
    text = (
        SYSTEM + TURN + "[roll: 3d6+1]\n\n<TOOLCALL>3d6+1: 3d6[1, 2, 3] + 1 = *7*</TOOLCALL>\n\n[roll: ¦]\n"
    )
    labels = [item.label for item in await editor.completion(text)]
    lists = load_vocabulary().lists
    listed = [*lists["skills"], *lists["abilities"], *lists["saves"], *lists["proficiencies"]]
    assert labels == [*listed, "attack", "initiative", "death save", "3d6+1", *DICE]


@pytest.mark.parametrize(
    ("marked", "label", "expected"),
    [
        ("🐉 [ro¦", "roll", "🐉 [roll:"),
        ("🐉 [roll:¦]", "stealth", "🐉 [roll:stealth]"),
        ("🐉 [roll: ste¦]", "stealth", "🐉 [roll: stealth]"),
        ("[roll: mode = dis¦]", "disadvantage", "[roll: mode = disadvantage]"),
        ("[condition: Borin, add, po¦", "poisoned", "[condition: Borin, add, poisoned"),
    ],
)
async def test_what_is_typed_is_replaced(editor: Editor, marked: str, label: str, expected: str) -> None:
    whole = SYSTEM + TURN + marked
    item = next(item for item in await editor.completion(whole) if item.label == label)
    edit = item.text_edit
    assert edit is not None and hasattr(edit, "range")
    assert applied(whole.replace("¦", ""), [edit]) == SYSTEM + TURN + expected  # pyright: ignore[reportArgumentType]


async def test_a_tool_is_explained(editor: Editor) -> None:
    items = await editor.completion(SYSTEM + TURN + "[¦")
    assert items[0].detail == "[roll: what, mode?]"
    assert "Roll for a skill" in getattr(items[0].documentation, "value", "")
