"""The text of turns with its calls and results in canonical form."""

from __future__ import annotations

from loresmith.ir.scenario import Argument, Call
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import Parsed
from loresmith.syntax.inline import InlineScanner
from loresmith.syntax.results import parse_result
from loresmith.syntax.tree import CallPiece, CallSyntax, Piece, Range, ResultPiece, ResultSyntax


class BodyWriter:
    """Writes ranges of a parsed file anew."""

    def __init__(self, parsed: Parsed, vocabulary: Vocabulary) -> None:
        self.parsed = parsed
        self.vocabulary = vocabulary
        self._scanner = InlineScanner(parsed.source, parsed.shadows, vocabulary.names)

    def body(self, place: Range) -> str:
        """The text of a range; what isn't a sound call or result stays as it is."""
        return "".join(text for _, text in self.pieces(place))

    def pieces(self, place: Range) -> list[tuple[Range, str]]:
        """What a range consists of, each piece with its canonical text."""
        return [(piece.range, self._written(piece)) for piece in self._scanner.pieces(place)]

    def result_pieces(self, place: Range) -> list[tuple[Range, str]]:
        """The same for a result that is a section of its own: its tags, or label and body where it has none. A
        malformed one, and one with a comment inside, has no canonical text."""
        pieces = self._scanner.pieces(place)
        if any(isinstance(piece, ResultPiece) for piece in pieces):
            return self.pieces(place)
        result = parse_result(self.parsed.source.text[place.start : place.end], place.start)
        kept = result.problem is not None or self._comments(place) != ""
        return [] if kept else [(place, f"{result.label}: {result.body}")]

    def result(self, place: Range) -> str:
        """The body of a result that is a section of its own: its tags, or its label and body put into one."""
        pieces = self._scanner.pieces(place)
        if any(isinstance(piece, ResultPiece) for piece in pieces):
            return self.body(place)
        text = self.parsed.shadows.visible[place.start : place.end]
        return _result(parse_result(text, place.start)) + self._comments(place)

    def _written(self, piece: Piece) -> str:
        if isinstance(piece, CallPiece) and piece.call is not None:
            return self._call(piece, piece.call) + self._comments(piece.range)
        if isinstance(piece, ResultPiece) and _is_sound(piece):
            return _result(piece.result) + self._comments(piece.range)
        return self.parsed.source.text[piece.range.start : piece.range.end]

    def _comments(self, place: Range) -> str:
        """The comments within a call or result: they stand behind it, without a space that would be text."""
        within = (c for c in self.parsed.shadows.comments() if place.start <= c.start < place.end)
        return "".join(self.parsed.source.text[comment.start : comment.end] for comment in within)

    def _call(self, piece: CallPiece, syntax: CallSyntax) -> str:
        span = self.parsed.source.span(piece.range.start, piece.range.end)
        arguments = tuple(Argument(name=a.name, value=a.value, span=span) for a in syntax.arguments)
        call = Call(tool=piece.name.lower(), arguments=arguments, span=span)
        return (self.vocabulary.canonical(call) or call).text


def _is_sound(piece: ResultPiece) -> bool:
    return piece.closed and piece.misnamed is None and piece.result.problem is None


def _result(result: ResultSyntax) -> str:
    return f"<TOOLCALL>{result.label}: {result.body}</TOOLCALL>"
