"""What may be written at the cursor: one list for each place, and none anywhere else."""

from __future__ import annotations

from lsprotocol import types

from loresmith.language_server.analysis import Analysis
from loresmith.language_server.call_completion import in_call, tool_names
from loresmith.language_server.offer import Offered
from loresmith.language_server.positions import Positions
from loresmith.language_server.section_completion import front_matter, headings, member_fields

PLACES = (front_matter, headings, in_call, tool_names, member_fields)
"""Each gives what it offers where the cursor is in its place, else None."""


def completion_at(analysis: Analysis, positions: Positions, position: types.Position) -> types.CompletionList:
    """What may be written at a position; empty where nothing is known."""
    offset = positions.offset(position)
    offered = next(filter(None, (place(analysis, offset) for place in PLACES)), None)
    return types.CompletionList(is_incomplete=False, items=_items(offered, positions, offset))


def _items(offered: Offered | None, positions: Positions, offset: int) -> list[types.CompletionItem]:
    if offered is None:
        return []
    place = positions.range(offered.start, offset)
    return [
        types.CompletionItem(
            label=offer.label,
            kind=offer.kind,
            detail=offer.detail,
            documentation=types.MarkupContent(types.MarkupKind.Markdown, offer.page) if offer.page else None,
            # The order is ours: what is missing, or nearest, comes first.
            sort_text=f"{index:04}",
            filter_text=offer.text,
            text_edit=types.TextEdit(place, offer.text),
        )
        for index, offer in enumerate(offered.offers)
    ]
