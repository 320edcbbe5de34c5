"""The report's page, made of judged answers, and looked at by a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from loresmith.deliver.genealogy import Ancestor, Earlier, Forebear, Genealogy
from loresmith.validate.fidelity import Fidelity, Followed
from loresmith.validate.page_parts import failure_examples
from loresmith.validate.report import Report, read_genealogy, write_report
from loresmith.validate.score import scores_of
from loresmith.validate.speed import Speed
from PIL import Image

from tests.validate.answered import judged

ROLL, HEALTH = "[roll: perception]", "[health: player, -1]"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


CURVE_SIZE, LOSSES = (400, 200), (200, 30, 160)
"""The picture that stands for the losses: of one colour that nothing else has."""

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
    bits_per_byte=1.234,
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


HISTORY = [{"step": 1, "loss": 3.5, "eval_loss": None}, {"step": 2, "loss": 3.25, "eval_loss": 3.0}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tuned = [judged(ROLL, ROLL, "a"), judged(f"<b>bold</b> {HEALTH}", ROLL, "b"), judged("Nothing.", "", "c")]
    base = [judged("Nothing.", ROLL, "a"), judged("Nothing.", ROLL, "b"), judged("[rol: x]", "", "c")]
    judgements = {"tuned": tuned, "untouched base": base}
    training = tmp_path / "training"
    training.mkdir()
    Image.new("RGB", CURVE_SIZE, LOSSES).save(training / "loss.png")
    (training / "history.json").write_text(json.dumps(HISTORY))
    file = {"bytes": 1234567, "bits_per_weight": 8.5, "divergence": 0.0025, "top1_agreement": 0.958}
    report = Report(
        title="a <model>",
        scores={name: scores_of(part) for name, part in judgements.items()},
        judgements=judgements,
        facts={"base": "gemma"},
        speed={name: SPEED for name in judgements},
        files={"q8_0": file},
        training=training,
        genealogy=GENEALOGY,
        fidelity={name: FIDELITY for name in judgements},
    )
    write_report(tmp_path, report)
    return tmp_path


def test_the_page_and_the_json_say_the_same(folder: Path) -> None:
    content = json.loads((folder / "report.json").read_text())
    page = (folder / "report.html").read_text()
    assert content["scores"]["tuned"]["exact"] == 0.5
    assert content["losses"] == HISTORY
    assert [told["failure"] for told in content["judgements"]["tuned"]] == [None, "wrong tool", None]
    assert "50% (" in page
    assert "1,234,567" in page
    assert "<h3>wrong tool</h3>" in page
    assert page.count("<summary>the prompt</summary>") == 1
    assert content["first_against"]["untouched base"]["exact"]["verdict"] == "can't tell"
    exact = page.split("makes exactly the same calls")[1].split("</tr>")[0]
    assert exact.count("<br><small>can't tell</small>") == 1


def test_speed_is_told_on_the_page_and_in_the_json(folder: Path) -> None:
    assert json.loads((folder / "report.json").read_text())["speed"]["tuned"] == SPEED.model_dump()
    page = (folder / "report.html").read_text()
    for shown in ("812", "31.3", "0.25", "456,789,012"):
        assert f"<td class=n>{shown}</td><td class=n>{shown}</td>" in page


def test_fidelity_is_told_on_the_page_and_in_the_json(folder: Path) -> None:
    assert json.loads((folder / "report.json").read_text())["fidelity"] == {
        name: FIDELITY.model_dump(mode="json") for name in ("tuned", "untouched base")
    }
    page = (folder / "report.html").read_text()
    assert "<td class=n>88% (60–100)<br><small>of 8</small></td>" in page
    assert "<td class=n>–<br><small>of 0</small></td>" in page
    assert "<td class=n>12.3</td>" in page


def test_shares_are_told_by_tool_and_category(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    by_tool, by_category = page.split("<h2>By tool</h2>")[1].split("<h2>By category</h2>")
    assert cells(by_tool, "roll") == ["2", "50%", "100%", "50%", "100%", "50%", "0%"]
    assert cells(by_category, "exploration") == ["3", "50%", "100%", "50%", "100%", "0%", "0%"]
    assert "50%<br><small>9–91</small>" in by_tool


def cells(table: str, row: str) -> list[str]:
    """The shares in a row of the page's table, without their intervals."""
    whole = table.split(f"<td>{row}</td>")[1].split("</tr>", maxsplit=1)[0]
    return [cell.split("<br>")[0] for cell in re.findall(r"<td class=n>(.*?)</td>", whole)]


def test_a_report_that_is_no_report_has_no_genealogy(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("[]")
    assert read_genealogy(tmp_path) is None


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
        "x",
        {"x": scores_of(alone)},
        {"x": alone},
        {"x": SPEED},
        {},
        {"x": {"bytes": 12}},
        None,
        None,
        {"x": FIDELITY},
    )
    write_report(tmp_path, report)
    content, page = json.loads((tmp_path / "report.json").read_text()), (tmp_path / "report.html").read_text()
    assert content["genealogy"] is read_genealogy(tmp_path) is None
    assert content["first_against"] == {}
    assert "can't tell" not in page
    assert "Genealogy" not in page
    assert "divergence" not in page


def test_nothing_that_a_model_says_is_markup(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert "<title>a &lt;model&gt;</title>" in page


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")
def test_a_browser_shows_the_page_without_the_network(folder: Path) -> None:
    colours = Counter(photographed(folder / "report.html").get_flattened_data())
    text, curve, bar, right, wrong = (28, 39, 51), LOSSES, (59, 125, 216), (217, 239, 225), (248, 222, 222)
    assert colours.most_common(1)[0][0] == (255, 255, 255)
    assert colours[text] > 2_000
    assert colours[curve] == CURVE_SIZE[0] * CURVE_SIZE[1]
    assert colours[bar] > 1_000, "the shares by tool"
    assert min(colours[right], colours[wrong]) > 500, "the confusion"


def photographed(page: Path) -> Image.Image:
    """What Chromium shows of a page, down to its end."""
    picture = page.with_suffix(".png")
    subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--force-color-profile=srgb", "--host-resolver-rules=MAP * ~NOTFOUND", f"--screenshot={picture}",
         "--window-size=1000,7000", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    with Image.open(picture) as shown:
        return shown.convert("RGB")


def test_what_the_engine_refuses_is_told_beside_the_answer() -> None:
    refused = ("[dance: tango]: There is no tool 'dance'.", "[health: Vask, -1]: nobody named Vask is here")
    answer = judged("[dance: tango] [health: Vask, -1]", ROLL).model_copy(update={"refused": refused})
    told = failure_examples([answer])
    assert told.count("dance: tango]: ") == 1
    assert "nobody named Vask is here" in told
