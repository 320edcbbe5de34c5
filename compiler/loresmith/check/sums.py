"""Results against arithmetic, dice and their calls: SC401, SC402, SC403, SC406, SC407, and SC408 with `rolled`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loresmith.check.answers import Exchange
from loresmith.check.places import span_in_result
from loresmith.check.rolled import D20, keep_left_out, roll_problem
from loresmith.diagnostics.diagnostic import Findings, Fix
from loresmith.elaborate.draft import Draft, GivenResult, MadeCall
from loresmith.ir.arguments import DICE, INTEGER
from loresmith.ir.scenario import Member
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.tree import Range, SumSyntax, Term

_NOTED = re.compile(r"\([^()]*\)$")
_SUCCESS = frozenset({"success", "hit", "critical"})


def check_sums(
    draft: Draft, exchanges: Sequence[Exchange], vocabulary: Vocabulary, findings: Findings
) -> None:
    """Report every answered call whose result doesn't add up."""
    checker = _SumChecker(draft, vocabulary, findings)
    for exchange in exchanges:
        if exchange.result is None or not exchange.result.sound:
            continue
        checker.check(exchange.call, exchange.result)


def raw_total(total: SumSyntax) -> int:
    """What the terms of a sum come to."""
    return sum(term.sign * term.value for term in total.terms)


class _SumChecker:
    def __init__(self, draft: Draft, vocabulary: Vocabulary, findings: Findings) -> None:
        self.source = draft.source
        self.vocabulary = vocabulary
        self.findings = findings
        self.skills = stated_skills(draft.system.members if draft.system else ())

    def check(self, made: MadeCall, given: GivenResult) -> None:
        total = given.syntax.sum
        if total is None:
            if made.tool and made.tool.result == "sum":
                message = f"The results of `{made.tool.name}` are sums, not prose."
                hint = "Write 15 + 5(skill) = *20*."
                self._report("SC407", given, given.syntax.body_range, message, hint)
            return
        self._check_dice(made, given, total)
        if made.tool and made.tool.name == "roll":
            self._check_roll(made, given, total)
        # The ledger judges health, whose results stay within 0 and the maximum.
        if made.tool and made.tool.name != "health":
            self._check_amount(made, given, total)
            if not keep_left_out(made, total):
                self._check_total(made, given, total)

    def _check_total(self, made: MadeCall, given: GivenResult, total: SumSyntax) -> None:
        raw = raw_total(total)
        if raw != total.total:
            message = f"The sum is {raw}, not {total.total}."
            place = self.source.span(total.total_range.start, total.total_range.end)
            span = span_in_result(self.source, given, total.total_range)
            if total.outcome and _contradicts(made, total._replace(total=raw)) > _contradicts(made, total):
                hint = f"The outcome fits {total.total}: mend a term, or the total and the outcome."
                self.findings.add("SC401", span, message, hint)
            else:
                fix = Fix(**place._asdict(), text=f"*{raw}*")
                self.findings.add("SC401", span, message, f"Write *{raw}*.", fix)
        elif total.outcome and total.outcome_range and _contradicts(made, total):
            against = f" against {total.against}" if total.against is not None else ""
            message = f"{total.total}{against} isn't a {total.outcome}."
            self._report("SC406", given, total.outcome_range, message)

    def _check_dice(self, made: MadeCall, given: GivenResult, total: SumSyntax) -> None:
        for term in total.terms:
            if problem := _dice_problem(term):
                self._report("SC402", given, term.range, problem)
        first = total.terms[0]
        if _is_d20_check(made) and first.dice is None and not 1 <= first.value <= D20:
            self._report("SC402", given, first.range, f"A d20 can't show {first.value}.")

    def _check_roll(self, made: MadeCall, given: GivenResult, total: SumSyntax) -> None:
        if problem := roll_problem(made, total):
            self._report("SC408", given, *problem)
        what = made.call.arguments[0].value if made.call else ""
        stated = self.skills.get(what, [])
        for term in total.terms:
            differs = len(stated) == 1 and term.sign * term.value != stated[0]
            if differs and (term.source or "").lower() == "skill":
                message = f"{what} is stated as {stated[0]:+d}, not {term.sign * term.value:+d}."
                self._report("SC403", given, term.range, message)

    def _check_amount(self, made: MadeCall, given: GivenResult, total: SumSyntax) -> None:
        found = amount_difference(made, total)
        if found:
            self._report(
                "SC408",
                given,
                total.change_range,
                f"{made.text} changes by {found[0]:+d}, not {found[1]:+d}.",
            )

    def _report(
        self, code: str, given: GivenResult, place: Range, message: str, hint: str | None = None
    ) -> None:
        self.findings.add(code, span_in_result(self.source, given, place), message, hint)


def amount_difference(made: MadeCall, total: SumSyntax) -> tuple[int, int] | None:
    """The call's amount and the sum's, where they differ; a sum of one term says nothing about it."""
    amount = amount_of(made)
    if amount is None or len(total.terms) == 1:
        return None
    return (amount, total.change) if total.change != amount else None


def amount_of(made: MadeCall) -> int | None:
    """The amount that a call names: the value of its tool's integer parameter."""
    if made.tool is None or made.call is None or not any(p.type == "integer" for p in made.tool.parameters):
        return None
    numbers = [a.value for a in made.call.arguments if INTEGER.fullmatch(a.value)]
    return int(numbers[-1]) if numbers else None


def stated_skills(members: Sequence[Member]) -> dict[str, list[int]]:
    """For each skill the bonus of every member that states it, in their order."""
    stated: dict[str, list[int]] = {}
    for member in members:
        for detail in member.details:
            if detail.name.lower() == "skills":
                for name, bonus in stated_bonuses(detail.value):
                    stated.setdefault(name, []).append(bonus)
    return stated


def stated_bonuses(text: str) -> list[tuple[str, int]]:
    """The names with a signed number behind them, in lower case: `perception +5, vehicles (land) +7`.

    Brackets belong to some names and are a note to others: such a bonus counts for the name without them too.
    """
    found, last = list[tuple[str, int]](), 0
    for bonus in re.finditer(r"[+-]\d+", text):
        before = text[last : bonus.start()].rstrip().removesuffix(":").rstrip()
        last = bonus.end()
        noted = _NOTED.search(before)
        name = _name_at_end(before[: noted.start()] if noted else before)
        forms = [f"{name} {noted[0].lower()}", name] if noted else [name]
        found += [(form, int(bonus[0])) for form in forms if name]
    return found


def _name_at_end(text: str) -> str:
    """The words that a text ends with, as a skill is compared."""
    words = re.split(r"[^A-Za-z'’ _\t]", text)[-1].replace("_", " ").replace("’", "'")
    return " ".join(words.lower().split()).lstrip("' ")


def _dice_problem(term: Term) -> str | None:
    if term.dice is None:
        return None
    count, sides, _, values = term.dice
    if len(values) != count:
        return f"{count}d{sides} has {count} dice, not {len(values)}."
    wrong = next((value for value in values if not 1 <= value <= sides), None)
    return f"A d{sides} can't show {wrong}." if wrong is not None else None


def _is_d20_check(made: MadeCall) -> bool:
    if made.call is None or made.tool is None or made.tool.name != "roll":
        return False
    dice = DICE.fullmatch(made.call.arguments[0].value)
    return dice is None or (dice[1], dice[2]) == ("1", "20")


def _contradicts(made: MadeCall, total: SumSyntax) -> bool:
    """Whether the outcome is wrong: an equal total succeeds, a natural 20 hits, a natural 1 misses."""
    succeeds = total.outcome in _SUCCESS
    attack = made.call is not None and made.call.arguments[0].value == "attack"
    natural = total.terms[0].value
    if attack and natural in (1, D20):
        return succeeds != (natural == D20)
    return total.against is not None and succeeds != (total.total >= total.against)
