"""The table of targets and the check that a target loads a base."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import InvalidCall, Rejected


class Target(BaseModel):
    """One runtime that loads the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    families: tuple[str, ...]
    quantizations: tuple[str, ...]
    max_context: int
    """The longest context, in tokens, that the runtime is used with."""
    paths: str


@cache
def targets() -> dict[str, Target]:
    """All targets by name, in the order of the table."""
    source = resources.files("loresmith.targets").joinpath("targets.yaml").read_text(encoding="utf-8")
    return {name: Target(name=name, **entry) for name, entry in yaml.safe_load(source).items()}


def target_named(name: str) -> Target:
    """The target with this name, as a recipe that was read has it; raises KeyError for another."""
    return targets()[name]


def require_context(holder: str, limit: int, context: int) -> None:
    """Raise InvalidCall when a recipe's context is longer than what its holder, a target or a model, has."""
    if context > limit:
        raise InvalidCall(
            f"train.context is {context:,}; the {holder} holds {limit:,} tokens.",
            remedy=f"Set train.context to {limit} or less.",
        )


def require_loadable(target: Target, family: str, kinds: tuple[str, ...]) -> None:
    """Raise Rejected, with the alternatives, when the target can't load the family or a quantization."""
    if family not in target.families:
        others = [t.name for t in targets().values() if family in t.families]
        raise Rejected(
            f"The target {target.name} can't load a {family} model.",
            remedy=f"For {target.name} choose a base of: {', '.join(target.families)}. "
            f"For {family} set target: {' or '.join(others)}.",
        )
    unfit = [kind for kind in kinds if kind not in target.quantizations]
    if unfit:
        raise Rejected(
            f"The target {target.name} doesn't run {', '.join(unfit)} well.",
            remedy=f"Choose from: {', '.join(target.quantizations)}.",
        )
