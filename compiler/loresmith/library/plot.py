"""A picture of the statistics."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loresmith.library.statistics import Statistics
from loresmith.store.files import write_atomically


def draw_statistics(statistics: Statistics, path: Path) -> None:
    """Draw scenarios by category and by tool as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bars(left, statistics.by_category, "scenarios by category")
    tools = {tool: use.scenarios for tool, use in statistics.by_tool.items()}
    _bars(right, tools, "scenarios that call a tool")
    buffer = io.BytesIO()
    # A version in the file would change its bytes with the library's.
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    write_atomically(path, buffer.getvalue())


def _bars(axes: Any, counts: Mapping[str, int], title: str) -> None:
    names = sorted(counts, key=lambda name: (counts[name], name))
    bars = axes.barh(names, [counts[name] for name in names], color="#3b7dd8")
    axes.bar_label(bars, padding=3)
    axes.margins(x=0.12)
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
