"""The recipe's `tune` section: which training settings are searched, and where."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import GetJsonSchemaHandler, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import CoreSchema

from loresmith.recipe.section import Positive, Section
from loresmith.recipe.train import Train


class Range(Section):
    """The values that a setting may take: `{low, high, log}`, or a list of values."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    """Search the orders of magnitude evenly, as a learning rate wants it."""
    values: tuple[float, ...] = ()
    """The values one by one; a plain list stands for them."""

    @model_validator(mode="before")
    @classmethod
    def _list_is_values(cls, given: Any) -> Any:
        return {"values": given} if isinstance(given, list) else given

    @model_validator(mode="after")
    def _one_kind(self) -> Range:
        between = self.low is not None and self.high is not None
        if between == bool(self.values) or (self.values and (self.low, self.high) != (None, None)):
            raise ValueError("give low and high, or a list of values")
        if between and self.bounds[0] >= self.bounds[1]:
            raise ValueError("low must be less than high")
        if self.log and (self.values or self.bounds[0] <= 0):
            raise ValueError("log needs a low above 0 and a high")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """An object or a list: what `_list_is_values` reads."""
        own = handler.resolve_ref_schema(handler(core))
        numbers = {"type": "array", "items": {"type": "number"}, "minItems": 1}
        own["properties"].pop("values")
        return {"anyOf": [own, numbers]}

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        if self.values:
            return min(self.values), max(self.values)
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    @property
    def named_values(self) -> tuple[float, ...]:
        """Every value that the recipe names: all of a list, else both ends."""
        return self.values or self.bounds


class Ranges(Section):
    """The settings that can be searched; each name is that of a `train` setting."""

    learning_rate: Range | None = None
    rank: Range | None = None
    alpha: Range | None = None
    epochs: Range | None = None
    batch_size: Range | None = None
    weight_decay: Range | None = None
    warmup: Range | None = None

    @field_validator("*")
    @classmethod
    def _fits_training(cls, span: Range | None, info: ValidationInfo) -> Range | None:
        for value in span.named_values if span else ():
            try:
                Train.model_validate({info.field_name: value})
            except ValidationError as error:
                raise ValueError(f"{value:g}: {error.errors()[0]['msg']}") from error
        return span

    @model_validator(mode="after")
    def _something(self) -> Ranges:
        if not self.declared:
            raise ValueError("name at least one setting to search")
        return self

    @property
    def declared(self) -> dict[str, Range]:
        """The declared ranges by setting."""
        found = {name: getattr(self, name) for name in Ranges.model_fields}
        return {name: span for name, span in found.items() if span is not None}


class Tune(Section):
    """What `loresmith tune` searches."""

    trials: Positive = 20
    """How many trials there are in all, those of earlier calls among them."""
    metric: Literal["eval_loss"] = "eval_loss"
    """What is lowered: the least eval loss of a trial."""
    timeout: Positive | None = None
    """Seconds of one call after which no further trial begins."""
    ranges: Ranges
