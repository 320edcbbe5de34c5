"""The lines that a developer pastes into the app's `cactus.ts`."""

from __future__ import annotations

import json

from loresmith.deliver.versions import Delivery


def app_configuration(delivery: Delivery) -> str:
    """`modelPath` and `mmprojPath` as TypeScript, absolute; null for a text-only model, said plainly."""
    lines = [f"const modelPath = {json.dumps(str(delivery.model.resolve()))};"]
    if delivery.projector:
        lines.append(f"const mmprojPath = {json.dumps(str(delivery.projector.resolve()))};")
    else:
        lines.append("const mmprojPath = null; // text-only: load it with CactusLM, not CactusVLM")
    return "\n".join(lines)
