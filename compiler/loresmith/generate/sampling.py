"""How the next token is chosen, and the limits of an answer: by default as the app has them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

APP_CONTEXT = 2048
"""The context in tokens with which the app loads a model."""
APP_NEW_TOKENS = 256
"""The longest answer that the app asks for, in tokens."""
APP_STOPS = ("[END]", "\n\nPlayer:", "\n\nDM:", "Human:", "Assistant:")
"""The stop strings that the app sends."""


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
