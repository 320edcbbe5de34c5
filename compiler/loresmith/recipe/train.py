"""How a recipe trains: the settings of the adapter, its optimizer and its memory."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from loresmith.families.family import PROJECTIONS
from loresmith.recipe.section import Fraction, Positive, Section, known_name


class Train(Section):
    """How the adapter is trained."""

    engine: Literal["torch", "unsloth"] = "torch"
    """What computes: `torch` on any machine, `unsloth` on CUDA alone, in an environment of its own."""
    method: Literal["lora"] = "lora"
    rank: Positive = 16
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """The adapter's scale is alpha / rank."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The linear layers of each block that the adapter changes, such as q_proj and v_proj; default: all seven."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2.0e-4
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: Fraction = 0.05
    """The part of the steps over which the learning rate rises from zero."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are scaled down to this norm."""
    batch_size: Positive = 8
    """Scenarios a step."""
    row_tokens: Positive = 2048
    """Tokens in memory at once: scenarios are packed into rows of at most so many, each seeing only itself (a
    longer one has a row of its own); the gradient does not depend on it."""
    call_weight: Annotated[float, Field(gt=0)] = 1.0
    """What a token that the app acts on (of a call, or the end of a reply) counts against one of prose."""
    sampled_softmax: Positive | None = None
    """How many tokens, drawn anew in each step, stand in the loss for all that no reply of the dataset holds; without
    it the whole vocabulary does. The eval loss is of the whole one."""
    epochs: Positive = 3
    max_steps: Positive | None = None
    """Stop after this many steps, whatever `epochs` says."""
    context: Positive = 2048
    """The longest scenario in tokens; a longer one is an error, never cut."""
    seed: int = 7
    precision: Literal["auto", "fp32", "bf16-mixed", "bf16", "fp16"] = "auto"
    """`bf16-mixed`: the matrix products of frozen weights and of attention in bf16, the rest in fp32 (on a CPU)."""
    eval_every: Positive = 10
    """Steps between measurements of the eval loss."""
    eval_scenarios: Positive = 64
    """The eval loss is that of at most this many held-out scenarios, so that its cost doesn't grow with the data."""
    patience: Positive = 5
    """Stop after this many eval losses without an improvement; the best adapter is kept."""
    checkpoint_every: Positive = 5
    """Steps between checkpoints."""
    incremental: bool = False
    """Start from the last adapter of this recipe instead of from zero."""
    activation_checkpointing: Literal["auto", "always", "never"] = "auto"
    """Make each layer's activations again for the gradient instead of keeping them: less memory, more time, the same
    adapter. `auto`: where a row's wouldn't fit into the memory that is free."""

    @field_validator("call_weight")
    @classmethod
    def _unsloth_weighs_alike(cls, weight: float, info: ValidationInfo) -> float:
        if info.data.get("engine") == "unsloth" and weight != 1:
            raise ValueError("the unsloth engine weighs all tokens alike: take it out, or set engine: torch")
        return weight

    @field_validator("sampled_softmax")
    @classmethod
    def _unsloth_draws_none(cls, drawn: int | None, info: ValidationInfo) -> int | None:
        if info.data.get("engine") == "unsloth" and drawn is not None:
            raise ValueError(
                "the unsloth engine goes through the whole vocabulary: take it out, or set engine: torch"
            )
        return drawn

    @field_validator("precision")
    @classmethod
    def _unsloth_scales_no_loss(cls, precision: str, info: ValidationInfo) -> str:
        if info.data.get("engine") == "unsloth" and precision in ("bf16-mixed", "fp16"):
            raise ValueError(
                "the unsloth engine trains in bf16 or fp32: set precision: auto, or engine: torch"
            )
        return precision

    @field_validator("targets")
    @classmethod
    def _are_projections(cls, targets: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in targets or ():
            known_name(name, "module", PROJECTIONS)
        return targets
