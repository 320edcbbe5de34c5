"""Messages as prompt text, by the chat template that travels inside the model file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from loresmith.families.family import Family
from loresmith.lower.conversation import Message


def render_prompt(family: Family, messages: Sequence[Message], *, reply_next: bool) -> str:
    """The prompt text; with `reply_next` it ends where the model's answer begins."""
    return render_by(family.template, family.bos, messages, reply_next=reply_next)


def render_by(template: str, bos: str | None, messages: Sequence[Message], *, reply_next: bool) -> str:
    """The prompt text by a chat template; raises what the template raises where it can't."""
    turns = [{"role": message.role, "content": message.content} for message in messages]
    compiled = _compiled(template)
    return compiled.render(messages=turns, bos_token=bos or "", add_generation_prompt=reply_next)


@cache
def _compiled(template: str) -> Any:
    """The template under the settings that transformers and llama.cpp use for chat templates."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    settings: dict[str, Any] = environment.globals  # pyright: ignore[reportAssignmentType]
    settings["raise_exception"] = _refuse
    return environment.from_string(template)


def _refuse(message: str) -> None:
    raise ValueError(message)
