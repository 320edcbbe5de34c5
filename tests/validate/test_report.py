"""The report's page, made of judged answers, and looked at by a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from loresmith.deliver.genealogy import Ancestor, Earlier, Forebear, Genealogy
from loresmith.validate.fidelity import Fidelity, Followed
from loresmith.validate.report import Report, read_genealogy, write_report
from loresmith.validate.score import scores_of
from loresmith.validate.speed import Speed

from tests.validate.answered import judged

ROLL, HEALTH = "[roll: perception]", "[health: player, -1]"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


SPEED = Speed(
    first_token_seconds=0.25,
    prompt_tokens_per_second=812.4,
    tokens_per_second=31.26,
    memory_bytes=456_789_012,
    tokens=1234,
)


FIDELITY = Fidelity(
    replies=3,
    perplexity=12.34,
    outcomes=Followed(replies=8, share=0.875, interval=(0.6, 1.0), counts={"a": (7, 8)}),
    ledgers=Followed(replies=0, share=None, interval=None, counts={}),
)


def ancestor(name: str, title: str, parents: tuple[str, ...], **programs: str) -> Ancestor:
    return Ancestor(
        name=name, title=title, key=name * 2, digest=f"digest-of-{name}", summary=f"the {name} <here>", parents=parents,
        inputs={"of": name}, files={}, stage_version=1, made_with=programs,
    )  # fmt: skip


GENEALOGY = Genealogy(
    recipe="tiny",
    recipe_digest="c0ffee" * 8,
    build="abad1dea00112233",
    ancestors=(
        ancestor("base", "Base model", ()),
        ancestor("train", "Training", ("base",), torch="9.8", python="3.99"),
        ancestor("merge", "Merging", ("base", "train"), torch="9.8", python="3.99"),
    ),
    forebears=(
        Forebear(key="5eed0001", digest="d1d1", dataset="da7a", recipe_digest=None, best_eval_loss=1.2345),
        Forebear(key="5eed0000", digest=None, dataset=None, recipe_digest=None, best_eval_loss=None),
    ),
    earlier=(
        Earlier(version="v7", build="b0b0", dataset="da7a", train_scenarios=1234, best_eval_loss=2.5, exact=0.625,
                bytes=7_654_321),
    ),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tuned = [judged(ROLL, ROLL, "a"), judged(f"<b>bold</b> {HEALTH}", ROLL, "b"), judged("Nothing.", "", "c")]
    base = [judged("Nothing.", ROLL, "a"), judged("Nothing.", ROLL, "b"), judged("[rol: x]", "", "c")]
    judgements = {"tuned": tuned, "untouched base": base}
    file = {"bytes": 1234567, "bits_per_weight": 8.5, "divergence": 0.0025, "top1_agreement": 0.958}
    report = Report(
        title="a <model>",
        scores={name: scores_of(part) for name, part in judgements.items()},
        judgements=judgements,
        facts={"base": "gemma"},
        speed={name: SPEED for name in judgements},
        files={"q8_0": file},
        curve=None,
        genealogy=GENEALOGY,
        fidelity={"tuned": FIDELITY},
    )
    write_report(tmp_path, report)
    return tmp_path


def test_the_page_and_the_json_say_the_same(folder: Path) -> None:
    content = json.loads((folder / "report.json").read_text())
    page = (folder / "report.html").read_text()
    assert content["scores"]["tuned"]["exact"] == 0.5
    assert "50% (" in page
    assert "1,234,567" in page
    assert "<h3>wrong tool</h3>" in page
    assert page.count("<summary>the prompt</summary>") == 1
    assert content["against_the_base"]["exact"]["verdict"] in page


def test_speed_is_told_on_the_page_and_in_the_json(folder: Path) -> None:
    assert json.loads((folder / "report.json").read_text())["speed"]["tuned"] == SPEED.model_dump()
    page = (folder / "report.html").read_text()
    for shown in ("812", "31.3", "0.25", "456,789,012"):
        assert f"<td class=n>{shown}</td><td class=n>{shown}</td>" in page


def test_fidelity_is_told_on_the_page_and_in_the_json(folder: Path) -> None:
    assert json.loads((folder / "report.json").read_text())["fidelity"] == {
        "tuned": FIDELITY.model_dump(mode="json")
    }
    page = (folder / "report.html").read_text()
    assert "<td class=n>88% (60–100)<br><small>of 8</small></td>" in page
    assert "<td class=n>–<br><small>of 0</small></td>" in page
    assert "<td class=n>12.3</td>" in page


def test_shares_are_told_by_tool_and_category(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    by_tool, by_category = page.split("<h2>By tool</h2>")[1].split("<h2>By category</h2>")
    row = "<td>{}</td><td class=n>{}</td>" + "<td class=n>{}</td>" * 6
    assert row.format("roll", 2, "50%", "100%", "50%", "100%", "0%", "–") in by_tool
    assert row.format("exploration", 3, "50%", "100%", "50%", "100%", "0%", "0%") in by_category


def test_the_genealogy_is_told_on_the_page_and_in_the_json(folder: Path) -> None:
    assert read_genealogy(folder) == GENEALOGY
    page = (folder / "report.html").read_text()
    assert "<td>Base model, Training</td>" in page
    assert "the merge &lt;here&gt;" in page
    assert "<li>Base model: not kept" in page
    assert "<li>Training, Merging: torch 9.8, python 3.99</li>" in page
    assert "1.234" in page
    assert "<td>v7</td>" in page
    assert "7,654,321" in page


def test_a_file_from_elsewhere_has_a_page_without_genealogy_or_verdict(tmp_path: Path) -> None:
    alone = [judged(ROLL, ROLL, "a")]
    report = Report(
        "x", {"x": scores_of(alone)}, {"x": alone}, {"x": SPEED}, {}, {"x": {"bytes": 12}}, None, None
    )
    write_report(tmp_path, report)
    content, page = json.loads((tmp_path / "report.json").read_text()), (tmp_path / "report.html").read_text()
    assert content["against_the_base"] is content["genealogy"] is read_genealogy(tmp_path) is None
    assert "verdict" not in page
    assert "listen to results" not in page
    assert "Genealogy" not in page
    assert "divergence" not in page


def test_nothing_that_a_model_says_is_markup(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert "<title>a &lt;model&gt;</title>" in page


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")
def test_a_browser_shows_the_page_without_the_network(folder: Path) -> None:
    picture = folder / "page.png"
    subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--screenshot={picture}", "--window-size=1000,1600",
         (folder / "report.html").as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    from PIL import Image

    shown = Image.open(picture).convert("L")
    assert shown.size == (1000, 1600)
    dark = sum(shown.histogram()[:128])
    assert 0.005 < dark / (1000 * 1600) < 0.5
