"""`loresmith schema`."""

from __future__ import annotations

import json
from typing import Any

from loresmith.diagnostics.failure import InvalidCall
from loresmith.recipe.schema import Recipe


def recipe_schema() -> dict[str, Any]:
    """The JSON Schema of recipes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Recipe.model_json_schema(
        by_alias=True
    )


def print_schema(what: str) -> int:
    """Print a JSON Schema; gives exit code 0."""
    if what != "recipe":
        raise InvalidCall(f"There is no schema {what!r}.", remedy="Schemas: recipe.")
    print(json.dumps(recipe_schema(), indent=2))
    return 0
