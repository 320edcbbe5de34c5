"""Model files asked the same prompts, and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loresmith.check.replies import MOST_CHARACTERS
from loresmith.emit.gbnf import emit_gbnf
from loresmith.emit.party import UNKNOWN_PARTY, Party
from loresmith.ir.vocabulary import Vocabulary
from loresmith.validate.answers import Answer, Prompt
from loresmith.validate.ask import Asking, replies_of
from loresmith.validate.fidelity import Fidelity, fidelity_of, turned_rounds
from loresmith.validate.judgement import Judgement, judge
from loresmith.validate.score import Scores, scores_of
from loresmith.validate.speed import Speed, speed_of


@dataclass(frozen=True)
class Evaluated:
    """One model on a set of prompts: its own answers, judged, and how it finds the references."""

    name: str
    answers: tuple[Answer, ...]
    scores: Scores
    judgements: tuple[Judgement, ...]
    speed: Speed
    fidelity: Fidelity


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
    """The scores of a model file on prompts, greedy, and how it finds the references.

    `constrained`: it may only make calls of the vocabulary. The app shows `most_characters` of an answer.
    Raises InvalidCall when there is no such file, Rejected when llama.cpp can't run it.
    """
    grammar = emit_gbnf(vocabulary, Party(size=UNKNOWN_PARTY)) if constrained else None
    turned = turned_rounds(prompts)
    asking = Asking(max_new_tokens, gpu_layers, grammar, [list(kinds.values()) for kinds in turned])
    replies = replies_of(model, prompts, asking, report)
    answers = tuple(reply.answer for reply in replies if reply.answer)
    judged = tuple(judge(p, a, vocabulary, most_characters) for p, a in zip(prompts, answers, strict=True))
    found = fidelity_of(prompts, turned, replies)
    return Evaluated(name, answers, scores_of(judged), judged, speed_of(answers), found)
