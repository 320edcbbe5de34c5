"""How many tokens a conversation has for a recipe's base, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable

from loresmith.lower.conversation import Conversation
from loresmith.pipeline.build import states_of
from loresmith.pipeline.front_stages import family_of_base
from loresmith.pipeline.project import Project


def token_count_of(project: Project) -> Callable[[Conversation], int] | None:
    """What counts a conversation's tokens; None as long as the recipe's base isn't built."""
    base = next((state.artefact for state in states_of(project) if state.stage.name == "base"), None)
    if base is None:
        return None
    from loresmith.render.tokens import Tokens

    tokens = Tokens(base.folder, family_of_base(base))
    return lambda conversation: len(tokens.prompt_ids(conversation))
