"""`loresmith tools`."""

from __future__ import annotations

import json
from pathlib import Path

from loresmith.ir.vocabulary import load_vocabulary


def list_tools(root: Path, *, as_json: bool) -> int:
    """Print the vocabulary; gives exit code 0."""
    own = root / "ai-training" / "tools.yaml"
    vocabulary = load_vocabulary(own if own.is_file() else None)
    if as_json:
        print(json.dumps([tool.model_dump(mode="json") for tool in vocabulary.tools], indent=2))
        return 0
    for tool in vocabulary.tools:
        names = ", ".join(p.name if p.required else f"{p.name}?" for p in tool.parameters)
        print(f"[{tool.name}: {names}]\n  {tool.description}")
    return 0
