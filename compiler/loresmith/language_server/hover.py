"""What stands under the cursor: a tool, an argument, a party member."""

from __future__ import annotations

import re

from lsprotocol import types

from loresmith.elaborate.draft import MadeCall
from loresmith.emit.party import Party
from loresmith.ir.arguments import assign_arguments
from loresmith.ir.scenario import Member
from loresmith.ir.tools import Parameter
from loresmith.language_server.analysis import Analysis
from loresmith.language_server.pages import member_page, parameter_line, tool_page
from loresmith.language_server.positions import Positions
from loresmith.syntax.tree import Range


def hover_at(analysis: Analysis, positions: Positions, position: types.Position) -> types.Hover | None:
    """What is known of the thing at a position; None where nothing is."""
    offset = positions.offset(position)
    call = next((call for call in analysis.calls if analysis.covers(call.span, offset)), None)
    found = (_in_call(analysis, call, offset) if call else None) or _named(analysis, offset)
    if found is None:
        return None
    place, text = found
    content = types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.Hover(content, positions.range(place.start, place.end))


def _in_call(analysis: Analysis, call: MadeCall, offset: int) -> tuple[Range, str] | None:
    if call.tool is None:
        return None
    start = analysis.place(call.span).start + 1
    name = Range(start, start + len(call.name))
    lists = analysis.vocabulary.lists
    if name.start <= offset <= name.end:
        return name, tool_page(call.tool, lists)
    met = [(p, place) for p, place in _arguments(analysis, call) if place.start <= offset <= place.end]
    if not met:
        return None
    lines = [parameter_line(parameter, lists) for parameter, _ in met]
    member = _meant(analysis, call) if met[0][0].type == "name" else None
    return met[0][1], "\n\n".join([*([member_page(member)] if member else []), *lines])


def _arguments(analysis: Analysis, call: MadeCall) -> list[tuple[Parameter, Range]]:
    """Each parameter of a call with its argument's place; an alias's one argument may make several."""
    assigned = assign_arguments(call.tool, call.call.arguments) if call.tool and call.call else None
    return [(parameter, analysis.place(argument.span)) for parameter, argument in assigned or ()]


def _meant(analysis: Analysis, call: MadeCall) -> Member | None:
    return analysis.member(analysis.cast.named(call))


def _named(analysis: Analysis, offset: int) -> tuple[Range, str] | None:
    """The party member whose name the cursor touches, in full or by an only first name."""
    source = analysis.source
    names = sorted(set(Party(analysis.names).names) - {"player"}, key=len, reverse=True)
    if not names:
        return None
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", re.I)
    line = source.starts[source.place(offset)[0] - 1]
    for match in pattern.finditer(source.text, line, source.line_end(offset)):
        member = analysis.member(match[0])
        if member and match.start() <= offset <= match.end():
            return Range(match.start(), match.end()), member_page(member)
    return None
