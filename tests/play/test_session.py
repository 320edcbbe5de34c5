"""A session with a true model file, and the files that it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from loresmith.diagnostics.failure import EnvironmentFailure, Failure, InvalidCall, Rejected
from loresmith.families.family import family_named
from loresmith.generate.sampling import GREEDY, Sampling
from loresmith.generate.session import ModelSession, PromptTooLong, open_session
from loresmith.lower.conversation import Message
from loresmith.render.prompt import render_prompt

from tests.play.chain_model import write_chain_model

PROMPT = render_prompt(family_named("gemma3"), [Message(role="user", content="I look.")], reply_next=True)
ENDLESS = Sampling(temperature=0.0, max_new_tokens=30000)
SAID = "You look round. [roll: perception]"
GOOGLES = """{{ bos_token }}{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}
{{ m['content'] }}{% endfor %}"""


def test_a_model_answers_again_and_again(tmp_path: Path) -> None:
    with open_session(write_chain_model(tmp_path / "chain.gguf"), 2048) as session:
        assert session.family.name == "gemma3"
        pieces = list(session.reply(PROMPT, GREEDY, 1))
        assert "".join(pieces) == SAID
        assert len(pieces) > 3
        assert session.ended == "turn"
        with pytest.raises(PromptTooLong) as error:
            list(session.reply(PROMPT * 200, GREEDY, 1))
        assert error.value.tokens > 2048
        assert "".join(session.reply(PROMPT, Sampling(), 1)) == SAID
        assert "".join(session.reply(PROMPT, Sampling(stops=("round", "[")), 1)) == "You look "
        assert session.ended == "stop"
        assert "".join(session.reply(PROMPT, Sampling(max_new_tokens=2), 1)) == "You look"
        assert session.ended == "limit"


def test_an_answer_can_be_stopped(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "endless.gguf", ("la", "▁la"), endless=True)
    with open_session(model, 32768) as session:
        pieces = session.reply(PROMPT, ENDLESS, 1)
        assert [next(pieces), next(pieces)] == ["la", " la"]
        session.stop()
        assert len(list(pieces)) < 29000
        assert session.ended == "interrupted"
        assert next(session.reply(PROMPT, GREEDY, 1)) == "la"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_worker_that_ended_is_started_again(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "endless.gguf", ("la", "▁la"), endless=True)
    with open_session(model, 32768) as session:
        pieces = session.reply(PROMPT, ENDLESS, 1)
        assert next(pieces) == "la"
        _kill(session)
        with pytest.raises(EnvironmentFailure):
            list(pieces)
        assert next(session.reply(PROMPT, ENDLESS, 1)) == "la"
        _kill(session)
        assert next(session.reply(PROMPT, ENDLESS, 1)) == "la"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_answer_is_stopped_before_its_model_is_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_session(write_chain_model(tmp_path / "chain.gguf"), 2048) as session:
        _kill(session)
        start = session._start
        monkeypatch.setattr(session, "_start", lambda: (session.stop(), start())[1])
        assert list(session.reply(PROMPT, GREEDY, 1)) == []
        assert session.ended == "interrupted"
        assert "".join(session.reply(PROMPT, GREEDY, 1)) == SAID


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_stop_that_came_too_soon_is_told_again(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "endless.gguf", ("la", "▁la"), endless=True)
    with open_session(model, 32768) as session:
        pieces = session.reply(PROMPT, ENDLESS, 1)
        next(pieces)
        session._stopped = True
        assert len(list(pieces)) < 29000
        assert session.ended == "interrupted"


def _kill(session: ModelSession) -> None:
    session._process.kill()
    session._process.wait()


def test_half_a_letter_is_never_shown(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "letters.gguf", ("Caf", "<0xC3>", "<0xA9>", "."))
    with open_session(model, 2048) as session:
        assert "".join(session.reply(PROMPT, GREEDY, 1)) == "Café."


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"template": None}, "no chat template"),
        ({"template": "{{ messages[0]['content'] }}"}, "isn't the one that gemma3 is trained with"),
        ({"template": "{% raise %}"}, "can't build the prompts"),
        ({"template": GOOGLES}, "isn't the one that gemma3 is trained with"),
    ],
)
def test_a_template_that_isnt_ours(tmp_path: Path, changes: dict[str, str | None], says: str) -> None:
    model = write_chain_model(tmp_path / "model.gguf", **changes)  # pyright: ignore[reportArgumentType]
    assert says in refusal(model, Rejected)


def test_another_family(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "model.gguf", architecture="gemma2")
    assert "family gemma2" in refusal(model, Rejected)


def test_a_damaged_file(tmp_path: Path) -> None:
    whole = write_chain_model(tmp_path / "whole.gguf").read_bytes()
    cut, empty, other = (tmp_path / f"{name}.gguf" for name in ("cut", "empty", "other"))
    cut.write_bytes(whole[: len(whole) // 2])
    empty.write_bytes(b"")
    other.write_bytes(b"PK\x03\x04 a zip file")
    assert "damaged or cut short" in refusal(cut, Rejected)
    assert "isn't a GGUF" in refusal(empty, Rejected)
    assert "isn't a GGUF" in refusal(other, Rejected)
    assert "no such model file" in refusal(tmp_path / "none.gguf", InvalidCall)


def refusal(model: Path, kind: type[Failure]) -> str:
    with pytest.raises(kind) as error, open_session(model, 2048):
        pass
    assert error.value.where.endswith(".gguf")
    return error.value.message
