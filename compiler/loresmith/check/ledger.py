"""What the party has, followed through the scenario: health (SC404, SC401, SC408) and inventory (SC405)."""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.check.answers import Exchange
from loresmith.check.creatures import Cast
from loresmith.check.items import Pack
from loresmith.check.places import span_in_result
from loresmith.check.sums import amount_difference, amount_of, raw_total
from loresmith.diagnostics.diagnostic import Findings
from loresmith.elaborate.draft import Draft, GivenResult, MadeCall
from loresmith.syntax.tree import Range, SumSyntax


def check_ledger(draft: Draft, exchanges: Sequence[Exchange], findings: Findings) -> None:
    """Report health and items that contradict what is known; a broken party is reported already."""
    if draft.system is None or len(draft.system.members) < len(draft.system.names):
        return
    ledger = _Ledger(draft, findings)
    for exchange in exchanges:
        ledger.follow(exchange)


class _Ledger:
    def __init__(self, draft: Draft, findings: Findings) -> None:
        members = draft.system.members if draft.system else ()
        self.source = draft.source
        self.findings = findings
        self.cast = Cast(draft)
        self.most = {member.name: member.max_health for member in members}
        self.health: dict[str, int | None] = {member.name: member.health for member in members}
        self.packs = {member.name: Pack(member.inventory) for member in members}

    def follow(self, exchange: Exchange) -> None:
        """Take one call and its result into the books."""
        made = exchange.call
        name = made.tool.name if made.tool and made.call else None
        if name == "health":
            self._health(exchange)
        elif name == "rest" and made.call:
            long = made.call.arguments[0].value == "long"
            self.health.update({member: most if long else None for member, most in self.most.items()})
        elif name == "inventory":
            self._inventory(made)

    def _health(self, exchange: Exchange) -> None:
        made, amount = exchange.call, amount_of(exchange.call)
        if made.call is None or amount is None:
            return
        who = self.cast.named(made)
        if who not in self.most and not self.cast.is_met(who, exchange.turn):
            message = f"Nobody named {who!r} is in the party or has been met."
            self.findings.add("SC404", made.call.arguments[0].span, message)
        total = exchange.result.syntax.sum if exchange.result and exchange.result.sound else None
        if exchange.result and total:
            self._stated(who, made, exchange.result, total)
            self.health[who] = total.total
        elif (known := self.health.get(who)) is not None:
            self.health[who] = self._clamped(who, known + amount)

    def _stated(self, who: str, made: MadeCall, given: GivenResult, total: SumSyntax) -> None:
        """Judge a stated sum: its start, its change, its total."""
        known, first, raw = self.health.get(who), total.terms[0], raw_total(total)
        if len(total.terms) > 1 and first.dice is None and known not in (None, first.value):
            self._report("SC404", given, first.range, f"{who} has {known} health, not {first.value}.")
        if found := amount_difference(made, total):
            self._report(
                "SC408",
                given,
                total.change_range,
                f"{made.text} changes by {found[0]:+d}, not {found[1]:+d}.",
            )
        right = self._clamped(who, raw)
        if total.total == raw and raw != right:
            message = f"Health runs from 0 to {self.most.get(who, 'its maximum')}, so this is {right}."
            self._report("SC404", given, total.total_range, message, f"Write *{right}*.")
        elif total.total != right:
            message = f"The sum is {right}, not {total.total}."
            self._report("SC401", given, total.total_range, message, f"Write *{right}*.")

    def _clamped(self, who: str, value: int) -> int:
        return max(0, min(value, self.most.get(who, value)))

    def _inventory(self, made: MadeCall) -> None:
        if made.call is None or len(made.call.arguments) < 2:
            return
        action, item = made.call.arguments[-2:]
        pack = self.packs.get(self.cast.named(made))
        if pack is None:
            return
        if action.value == "add":
            pack.add(item.value)
        elif action.value == "remove" and not pack.remove(item.value):
            message = f"{self.cast.named(made)} doesn't carry {item.value!r}."
            self.findings.add("SC405", item.span, message)

    def _report(
        self, code: str, given: GivenResult, place: Range, message: str, hint: str | None = None
    ) -> None:
        self.findings.add(code, span_in_result(self.source, given, place), message, hint)
