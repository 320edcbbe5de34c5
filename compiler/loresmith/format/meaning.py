"""What a scenario means, freed of where it stands."""

from __future__ import annotations

from typing import Any

from loresmith.ir.scenario import Scenario


def meaning_of(scenario: Scenario) -> Any:
    """The IR as plain data without spans: equal for two texts exactly where they mean the same."""
    return _spanless(scenario.model_dump(mode="json"))


def _spanless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spanless(inner) for key, inner in value.items() if key != "span"}
    return [_spanless(inner) for inner in value] if isinstance(value, list) else value
