"""Which result answers which call: SC104, SC304, SC305."""

from __future__ import annotations

from dataclasses import dataclass

from loresmith.diagnostics.diagnostic import Findings
from loresmith.elaborate.draft import Draft, DraftTurn, GivenResult, MadeCall
from loresmith.ir.comparison import comparable_label
from loresmith.ir.vocabulary import Vocabulary


@dataclass(frozen=True)
class Exchange:
    """A sound call with the result that answers it, if one does; `turn` is the index of its reply."""

    call: MadeCall
    result: GivenResult | None
    turn: int


def link_answers(
    draft: Draft, broken: set[int], vocabulary: Vocabulary, findings: Findings
) -> list[Exchange]:
    """Every sound call with its answer, in the order of the calls; findings for those that have no partner.

    `broken` are the identities of the calls that are reported already: any result may answer them.
    """
    linker = _Linker(broken, vocabulary, findings)
    exchanges, expired = list[Exchange](), list[MadeCall]()
    for index, turn in enumerate(draft.turns):
        if turn.role == "user":
            linker.results_of_player(turn, expired)
            expired = []
            continue
        answers, still_open = linker.reply(turn)
        exchanges += [
            Exchange(call, answers.get(id(call)), index) for call in turn.calls if id(call) not in broken
        ]
        if index + 1 < len(draft.turns):
            expired = linker.report_open(still_open)
    return exchanges


def link_unknown(draft: Draft, unknown: set[int], vocabulary: Vocabulary) -> list[Exchange]:
    """The calls whose identities are `unknown`, with their answers: no tool says which results answer them."""
    linker = _Linker(unknown, vocabulary, Findings(draft.source.path))
    exchanges = list[Exchange]()
    for index, turn in enumerate(draft.turns):
        if turn.role == "dm":
            answers, _ = linker.reply(turn)
            mine = (call for call in turn.calls if id(call) in unknown)
            exchanges += [Exchange(call, answers.get(id(call)), index) for call in mine]
    return exchanges


class _Linker:
    def __init__(self, broken: set[int], vocabulary: Vocabulary, findings: Findings) -> None:
        self.broken = broken
        self.vocabulary = vocabulary
        self.findings = findings

    def reply(self, turn: DraftTurn) -> tuple[dict[int, GivenResult], list[MadeCall]]:
        """The answers of a reply by the call's identity, and the calls that stay open."""
        answers, waiting = dict[int, GivenResult](), list[MadeCall]()
        for part in turn.parts:
            if isinstance(part, MadeCall):
                waiting.append(part)
            elif isinstance(part, GivenResult):
                call = self._answered(part, waiting)
                if call:
                    waiting.remove(call)
                    answers[id(call)] = part
        return answers, waiting

    def results_of_player(self, turn: DraftTurn, expired: list[MadeCall]) -> None:
        """Results in a User turn come too late; a call that was reported as open excuses one."""
        for part in turn.parts:
            if isinstance(part, GivenResult):
                late = self._meant(part, expired)
                if late:
                    expired.remove(late)
                elif not self._report_malformed(part):
                    self._report(part, "A result outside a DM reply answers no call.")

    def report_open(self, waiting: list[MadeCall]) -> list[MadeCall]:
        """Report the calls that still need a result; gives them."""
        needy = [call for call in waiting if _needs_result(call)]
        for call in needy:
            hint = "Add <TOOLCALL>…</TOOLCALL> before the next User turn."
            self.findings.add("SC304", call.span, f"{call.text} has no result.", hint)
        return needy

    def _answered(self, part: GivenResult, waiting: list[MadeCall]) -> MadeCall | None:
        """The call that a result answers; a wrong label is reported and uses up the call it stands for."""
        if self._report_malformed(part):
            return self._meant(part, waiting) or next(iter(waiting), None)
        named = next((call for call in waiting if self._is_named(part.syntax.label, call)), None)
        if named:
            return named
        broken = next((call for call in waiting if id(call) in self.broken), None)
        needy = next((call for call in waiting if _needs_result(call)), None)
        if broken:
            return broken
        if (
            comparable_label(part.syntax.label) in map(comparable_label, self.vocabulary.labels)
            or needy is None
        ):
            self._report(part, f"No open call is answered by {part.syntax.label!r}.")
            if needy:
                waiting.remove(needy)
            return None
        return needy

    def _meant(self, part: GivenResult, waiting: list[MadeCall]) -> MadeCall | None:
        named = (call for call in waiting if self._is_named(part.syntax.label, call))
        return next(named, None) or next(filter(_needs_result, waiting), None)

    def _is_named(self, label: str, made: MadeCall) -> bool:
        """Whether a label is the call's tool (or an alias of it) or its first argument, by whichever of the call's
        names it was written: `wisdom` answers `[save: wisdom]` and `[roll: wisdom save]` alike."""
        names = [made.name, made.first]
        if made.call:
            values = [argument.value for argument in made.call.arguments]
            names += [made.call.tool, values[0]] + (made.tool.alias_arguments(values) if made.tool else [])
        tool = self.vocabulary.tool(label)
        same_tool = tool is not None and tool is made.tool
        return same_tool or comparable_label(label) in [comparable_label(name) for name in names if name]

    def _report_malformed(self, part: GivenResult) -> bool:
        """SC104 for a malformed result; one that is never closed is reported already."""
        if part.closed and part.syntax.problem:
            span = part.result.span
            self.findings.add("SC104", span, part.syntax.problem, "Write label: 15 + 5(skill) = *20*.")
        return not part.sound

    def _report(self, part: GivenResult, message: str) -> None:
        self.findings.add("SC305", part.result.span, message)


def _needs_result(made: MadeCall) -> bool:
    return made.call is not None and made.tool is not None and made.tool.result_needed
