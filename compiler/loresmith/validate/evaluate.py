"""Model files asked the same prompts, and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loresmith.check.replies import MOST_CHARACTERS
from loresmith.emit.gbnf import emit_gbnf
from loresmith.emit.party import UNKNOWN_PARTY, Party
from loresmith.ir.vocabulary import Vocabulary
from loresmith.validate.answers import Prompt, answers_of
from loresmith.validate.fidelity import Fidelity
from loresmith.validate.judgement import Judgement, judge
from loresmith.validate.score import Scores, scores_of
from loresmith.validate.speed import Speed, speed_of


@dataclass(frozen=True)
class Evaluated:
    """One model on a set of prompts; `fidelity` where the references were scored too."""

    name: str
    scores: Scores
    judgements: tuple[Judgement, ...]
    speed: Speed
    fidelity: Fidelity | None = None


def evaluate(
    name: str,
    model: Path,
    prompts: Sequence[Prompt],
    vocabulary: Vocabulary,
    max_new_tokens: int,
    gpu_layers: int,
    report: Callable[[float], None],
    *,
    constrained: bool,
    most_characters: int = MOST_CHARACTERS,
) -> Evaluated:
    """The scores of a model file on prompts, greedy; `constrained`: it may only make calls of the vocabulary. The app
    shows `most_characters` of an answer.

    Raises InvalidCall when there is no such file, Rejected when llama.cpp can't run it.
    """
    grammar = emit_gbnf(vocabulary, Party(size=UNKNOWN_PARTY)) if constrained else None
    answers = answers_of(model, prompts, max_new_tokens, gpu_layers, report, grammar)
    judged = tuple(judge(p, a, vocabulary, most_characters) for p, a in zip(prompts, answers, strict=True))
    return Evaluated(name, scores_of(judged), judged, speed_of(answers))
