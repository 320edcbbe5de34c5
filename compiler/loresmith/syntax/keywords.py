"""The words that open sections and fields, with their aliases; letter case doesn't matter."""

from __future__ import annotations

import re
from functools import lru_cache

SECTIONS = {
    "system": "system",
    "user": "user",
    "player": "user",
    "dm": "dm",
    "dungeon master": "dm",
    "gm": "dm",
    "toolcall": "result",
    "tool result": "result",
    "conversation": "conversation",
}

FIELDS = {
    "role": "role",
    "world": "world",
    "setting": "world",
    "location": "location",
    "scene": "location",
    "party": "party",
    "characters": "party",
    "player": "player",
}

MEMBER_KEYS = {
    "name": "name",
    "race": "race",
    "class": "class",
    "level": "level",
    "lvl": "level",
    "health": "health",
    "hp": "health",
    "hit points": "health",
    "max hp": "maximum health",
    "max health": "maximum health",
    "max hit points": "maximum health",
    "maximum hp": "maximum health",
    "maximum health": "maximum health",
    "maximum hit points": "maximum health",
    "hp max": "maximum health",
    "hp maximum": "maximum health",
    "health max": "maximum health",
    "health maximum": "maximum health",
    "hit point maximum": "maximum health",
    "experience": "experience",
    "xp": "experience",
    "exp": "experience",
    "inventory": "inventory",
    "items": "inventory",
    "equipment": "inventory",
}

PLAYER_MARKS = ("player", "the player", "player character", "the player character", "pc")
"""What beside a member's name says that the member is the player character."""

NPC_MARKS = ("npc", "non-player character", "non player character")
"""What beside a member's name says that the DM plays the member."""


@lru_cache(maxsize=4096)
def comparable(title: str) -> str:
    """A title as keywords are compared: lower case, single spaces, no emphasis, no trailing colon."""
    bare = re.sub(r"^[*_]+|[*_]+$", "", title.strip()).rstrip(":").rstrip("*_")
    return " ".join(bare.replace("_", " ").lower().split())
