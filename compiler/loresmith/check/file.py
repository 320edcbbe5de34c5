"""One file: parsed, elaborated, checked."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from loresmith.check.answers import link_answers
from loresmith.check.calls import check_calls
from loresmith.check.ledger import check_ledger
from loresmith.check.noqa import silenced_in_file, suppressed
from loresmith.check.replies import MOST_CHARACTERS, check_replies
from loresmith.check.sums import check_sums
from loresmith.check.turns import check_turns
from loresmith.diagnostics.diagnostic import Diagnostic, Findings
from loresmith.diagnostics.span import Span
from loresmith.elaborate.scenario import elaborate
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import parse_document
from loresmith.syntax.source import make_source


class Compiled(BaseModel):
    """What a file compiles to; `scenario` is None when there are errors, `silenced` are the codes that its first line
    silences."""

    model_config = ConfigDict(frozen=True)

    scenario: Scenario | None
    findings: tuple[Diagnostic, ...]
    silenced: tuple[str, ...] = ()


def compile_source(
    path: str, data: bytes, vocabulary: Vocabulary, most_characters: int = MOST_CHARACTERS
) -> Compiled:
    """The scenario in a file and everything found in it, by place.

    `path` is shown in findings; what stands below its `scenarios` folder is the default id and category. Of a DM
    message the app shows `most_characters`.
    """
    findings = Findings(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.add("SC101", _place_of_byte(data, error.start), "The file isn't UTF-8 text.")
        return Compiled(scenario=None, findings=findings.sorted())
    source = make_source(path, text)
    if not source.text.strip():
        findings.add("SC101", Span(line=1, column=1, end_line=1, end_column=1), "The file is empty.")
        return Compiled(scenario=None, findings=findings.sorted())
    parsed = parse_document(source, findings)
    draft = elaborate(parsed, vocabulary, findings)
    check_turns(draft, findings)
    broken = check_calls(draft, vocabulary, findings)
    exchanges = link_answers(draft, broken, vocabulary, findings)
    check_sums(draft, exchanges, vocabulary, findings)
    check_ledger(draft, exchanges, findings)
    check_replies(draft, most_characters, findings)
    kept = suppressed(findings.sorted(), parsed)
    failed = any(found.severity == "error" for found in kept)
    scenario = None if failed else draft.scenario()
    return Compiled(scenario=scenario, findings=kept, silenced=silenced_in_file(parsed))


def _place_of_byte(data: bytes, index: int) -> Span:
    """The place of a byte that isn't UTF-8; what stands before it is."""
    before = make_source("", data[:index].decode("utf-8")).text
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Span(line=line, column=column, end_line=line, end_column=column + 1)
