"""One scenario all the way: IR, messages, prompt, token ids with loss spans, GGUF metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from loresmith.check.file import compile_source
from loresmith.export.gguf import export_gguf
from loresmith.families.family import family_named
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.lower.conversation import Conversation, lower_scenario
from loresmith.render.prompt import render_prompt
from loresmith.render.tokens import Sample, Tokens

from tests.families.tiny import make_folder

CASE = Path(__file__).parent / "pipeline" / "crypt-altar"
GEMMA = family_named("gemma3")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Gemma 3 with a tokenizer in Gemma's layout; both are the same every time."""
    return make_folder("gemma3", tmp_path_factory.mktemp("golden") / "base")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The case's scenario, compiled without a finding."""
    path = "ai-training/scenarios/exploration/crypt-altar.md"
    compiled = compile_source(path, (CASE / "input.md").read_bytes(), load_vocabulary())
    assert compiled.findings == ()
    assert compiled.scenario is not None
    return compiled.scenario


@pytest.fixture(scope="module")
def conversation(scenario: Scenario) -> Conversation:
    """The scenario as messages."""
    return lower_scenario(scenario, load_vocabulary())


def compare(name: str, found: str, *, update: bool) -> None:
    if update:
        (CASE / name).write_text(found, encoding="utf-8")
    assert found == (CASE / name).read_text(encoding="utf-8")


def test_ir(scenario: Scenario, update_golden: bool) -> None:
    compare(
        "ir.json", scenario.model_dump_json(indent=1, exclude={"turns": True}) + "\n", update=update_golden
    )


def test_messages(conversation: Conversation, update_golden: bool) -> None:
    content = conversation.model_dump(mode="json")
    compare("messages.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n", update=update_golden)


def test_prompt(conversation: Conversation, update_golden: bool) -> None:
    prompt = render_prompt(GEMMA, conversation.messages, reply_next=False)
    assert prompt.count("<bos>") == 1
    compare("prompt.txt", prompt, update=update_golden)


def test_token_ids_and_loss_spans(base: Path, conversation: Conversation, update_golden: bool) -> None:
    sample = Tokens(base, GEMMA).sample(conversation)
    compare("tokens.txt", "\n".join(segments(sample)) + "\n", update=update_golden)


def segments(sample: Sample) -> list[str]:
    """A line for each run of tokens: supervised ids in full, of the others the count and both ends."""
    lines: list[str] = []
    place = 0
    for start, end in sample.spans:
        context = sample.ids[place:start]
        lines.append(f"context {len(context)}: {numbers(context[:6])} … {numbers(context[-6:])}")
        lines.append(f"supervised {end - start}: {numbers(sample.ids[start:end])}")
        place = end
    return [*lines, f"context {len(sample.ids) - place}: {numbers(sample.ids[place:])}"]


def numbers(ids: tuple[int, ...]) -> str:
    return " ".join(str(number) for number in ids)


def test_gguf_metadata(base: Path, tmp_path: Path, update_golden: bool) -> None:
    from gguf import GGUFReader

    export_gguf(base, tmp_path / "model.gguf", "tiny", lambda _: None)
    fields = GGUFReader(tmp_path / "model.gguf").fields
    content: dict[str, Any] = {
        name: field.contents()
        for name, field in sorted(fields.items())
        if not name.startswith(
            ("GGUF.", "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type")
        )
    }
    compare("gguf.json", json.dumps(content, indent=1, default=str) + "\n", update=update_golden)
