"""Texts and pieces of a file: comments taken out, calls and results made typed."""

from __future__ import annotations

from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import DraftPart, GivenResult, MadeCall
from loresmith.ir.scenario import Argument, Call, Result, Text
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import Parsed
from loresmith.syntax.inline import InlineScanner
from loresmith.syntax.opaque import Region
from loresmith.syntax.tree import CallPiece, MisnamedTag, Piece, Range, ResultPiece, StrayPiece, TextPiece


class TextReader:
    """Reads ranges of a parsed file. `unclosed` and `stray` collect the result tags without a partner, `misnamed` those
    of turns that have another name."""

    def __init__(self, parsed: Parsed, vocabulary: Vocabulary) -> None:
        self.source = parsed.source
        self.vocabulary = vocabulary
        self.unclosed: list[Span] = []
        self.stray: list[Span] = []
        self.misnamed: list[MisnamedTag] = []
        self._visible = parsed.shadows.visible
        self._comments = parsed.shadows.comments()
        self._scanner = InlineScanner(parsed.source, parsed.shadows, vocabulary.names)

    def is_blank(self, place: Range) -> bool:
        """Whether nothing but white space and comments stands there."""
        return not self._visible[place.start : place.end].strip()

    def visible(self, place: Range) -> str:
        """The text with its comments blanked."""
        return self._visible[place.start : place.end]

    def text(self, place: Range) -> str:
        """The text as written, without its comments; a comment alone on its lines takes them with it."""
        if not self._comments:
            return self.source.text[place.start : place.end]
        pieces, last = list[str](), place.start
        for comment in self._comments:
            if comment.end > last and comment.start < place.end:
                start, end = self._with_lines(comment, place)
                pieces.append(self.source.text[last : max(last, start)])
                last = max(last, end)
        return "".join([*pieces, self.source.text[last : place.end]])

    def parts(self, place: Range) -> list[DraftPart]:
        """The parts of a range in order; white space at its ends is dropped."""
        pieces = self._scanner.pieces(place)
        tags = (piece.misnamed for piece in pieces if isinstance(piece, ResultPiece | StrayPiece))
        self.misnamed += filter(None, tags)
        return [part for piece in pieces for part in self._parts(piece)]

    def calls(self, place: Range) -> list[MadeCall]:
        """The calls in a range."""
        marked = (piece for piece in self._scanner.pieces(place) if not isinstance(piece, TextPiece))
        return [part for piece in marked for part in self._parts(piece) if isinstance(part, MadeCall)]

    def span(self, place: Range) -> Span:
        """The span of a range."""
        return self.source.span(place.start, place.end)

    def _parts(self, piece: Piece) -> list[DraftPart]:
        if isinstance(piece, TextPiece):
            return self._text(piece)
        if isinstance(piece, CallPiece):
            return [self._call(piece)]
        if isinstance(piece, ResultPiece):
            return [self._result(piece)]
        if piece.misnamed is None:
            self.stray.append(self.span(piece.range))
        return []

    def _with_lines(self, comment: Region, place: Range) -> tuple[int, int]:
        text = self.source.text
        start = text.rfind("\n", 0, comment.start) + 1
        end = self.source.line_end(comment.end)
        if text[start : comment.start].strip() or text[comment.end : end].strip() or start < place.start:
            return comment.start, comment.end
        return start, min(end + 1, place.end)

    def _text(self, piece: TextPiece) -> list[DraftPart]:
        text = self.text(piece.range)
        return [Text(text=text, span=self.span(piece.range))] if text else []

    def _call(self, piece: CallPiece) -> MadeCall:
        span = self.span(piece.range)
        text = self.source.text[piece.range.start : piece.range.end]
        tool = self.vocabulary.tool(piece.name)
        if piece.call is None:
            return MadeCall(piece.name, span, text, None, tool, problem=piece.problem, hint=piece.hint)
        written = tuple(
            Argument(name=a.name, value=a.value, span=self.span(a.range)) for a in piece.call.arguments
        )
        call = Call(tool=piece.name.lower(), arguments=written, span=span)
        return MadeCall(
            piece.name, span, text, self.vocabulary.canonical(call) or call, tool, written[0].value
        )

    def _result(self, piece: ResultPiece) -> GivenResult:
        if not piece.closed and piece.misnamed is None:
            self.unclosed.append(self.span(piece.range))
        syntax = piece.result
        total = syntax.sum.total if syntax.sum else None
        result = Result(label=syntax.label, body=syntax.body, total=total, span=self.span(piece.range))
        return GivenResult(result, syntax, piece.closed and piece.misnamed is None)
