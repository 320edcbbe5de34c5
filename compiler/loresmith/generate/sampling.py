"""How the next token is chosen, and the limits of an answer: by default as the app has them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from loresmith.generate.app import APP_NEW_TOKENS, APP_STOPS


class Sampling(BaseModel):
    """The sampler's settings. With `temperature` 0 the likeliest token is taken, with a `grammar` (GBNF) the likeliest
    that it allows."""

    model_config = ConfigDict(frozen=True)

    temperature: float = 0.7
    top_p: float = 0.9
    repeat_penalty: float = 1.05
    max_new_tokens: int = APP_NEW_TOKENS
    stops: tuple[str, ...] = APP_STOPS
    grammar: str | None = None


GREEDY = Sampling(temperature=0.0, top_p=1.0, repeat_penalty=1.0)
"""The likeliest token every time, as validation has it."""
