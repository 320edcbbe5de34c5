"""What differs between model families: architecture names, adapter targets, template, special tokens."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import InvalidCall, Rejected

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers of a block that an adapter can change, by the names that all families give them."""
_PROJECTIONS = r"(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)"


class Family(BaseModel):
    """One family of base models that the compiler can train and export."""

    model_config = ConfigDict(frozen=True)

    name: str
    gguf_architecture: str
    """The value of `general.architecture`."""
    architectures: tuple[str, ...]
    """The `architectures` of config.json that belong to this family."""
    text_class: str
    """The transformers class that loads the language model alone, without towers."""
    adapter_targets: str
    """A regular expression, matched in full, for the modules that LoRA adapts."""
    template_name: str
    bos: str | None
    end_of_turn: str
    """The token that ends a message; it carries loss and becomes the GGUF's EOS."""
    spare_tokens: str | None = None
    """A regular expression, matched in full, for the special tokens that only hold a place for later use."""
    has_vision: bool = False
    norm_offset: float = 0.0
    """What an RMS norm adds to its stored weight before it multiplies by it."""
    fp16_is_safe: bool = True

    def adapter_pattern(self, targets: Sequence[str] | None) -> str:
        """A regular expression, matched in full, for the modules to adapt: all, or those whose last name is given."""
        if targets is None:
            return self.adapter_targets
        return rf"(?=.*\.({'|'.join(targets)})$){self.adapter_targets}"

    @property
    def template(self) -> str:
        """The Jinja chat template, as it is written into the model file."""
        source = resources.files("loresmith.families") / "templates" / f"{self.template_name}.jinja"
        return source.read_text(encoding="utf-8").rstrip("\n")


FAMILIES = (
    Family(
        name="gemma3",
        gguf_architecture="gemma3",
        architectures=("Gemma3ForCausalLM",),
        text_class="Gemma3ForCausalLM",
        norm_offset=1.0,
        adapter_targets=rf".*\.layers\.\d+\.{_PROJECTIONS}",
        template_name="gemma",
        bos="<bos>",
        end_of_turn="<end_of_turn>",
        spare_tokens=r"<unused\d+>",
        fp16_is_safe=False,
    ),
    Family(
        name="gemma3n",
        gguf_architecture="gemma3n",
        architectures=("Gemma3nForCausalLM", "Gemma3nForConditionalGeneration"),
        text_class="Gemma3nForCausalLM",
        adapter_targets=rf".*\.layers\.\d+\.{_PROJECTIONS}",
        template_name="gemma",
        bos="<bos>",
        end_of_turn="<end_of_turn>",
        spare_tokens=r"<unused\d+>",
        has_vision=True,
        fp16_is_safe=False,
    ),
    Family(
        name="qwen3",
        gguf_architecture="qwen3",
        architectures=("Qwen3ForCausalLM",),
        text_class="Qwen3ForCausalLM",
        adapter_targets=rf".*\.layers\.\d+\.{_PROJECTIONS}",
        template_name="chatml",
        bos=None,
        end_of_turn="<|im_end|>",
    ),
)


def family_named(name: str) -> Family:
    """The family with this name; raises KeyError where there is none."""
    return {family.name: family for family in FAMILIES}[name]


def require_fp16_is_safe(family: Family) -> None:
    """Raise InvalidCall for a family whose activations overflow fp16."""
    if not family.fp16_is_safe:
        raise InvalidCall(
            f"fp16 overflows in {family.name} models and gives NaN.",
            remedy="Set train.precision to auto, bf16 or fp32.",
        )


def family_of(architectures: Sequence[str]) -> Family:
    """The family of a base model, from the `architectures` of its config.json.

    Raises Rejected, naming what is supported, when no family knows it.
    """
    for family in FAMILIES:
        if set(architectures) & set(family.architectures):
            return family
    known = ", ".join(family.name for family in FAMILIES)
    raise Rejected(
        f"The base model's architecture {', '.join(architectures) or '(none)'} isn't supported.",
        remedy=f"Choose a base of one of these families: {known}.",
    )
