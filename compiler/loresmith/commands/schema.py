"""`loresmith schema`."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from loresmith.diagnostics.failure import InvalidCall
from loresmith.ir.tool_file import ToolFile
from loresmith.recipe.schema import Recipe

MODELS: dict[str, type[BaseModel]] = {"recipe": Recipe, "tools": ToolFile}


def schema_of(what: str) -> dict[str, Any]:
    """The JSON Schema of recipes or of tools.yaml; raises InvalidCall for anything else."""
    if what not in MODELS:
        raise InvalidCall(f"There is no schema {what!r}.", remedy=f"Schemas: {', '.join(MODELS)}.")
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | MODELS[what].model_json_schema(by_alias=True)


def print_schema(what: str) -> int:
    """Print a JSON Schema; gives exit code 0."""
    print(json.dumps(schema_of(what), indent=2))
    return 0
