"""The report's page, made of judged answers, and looked at by a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from loresmith.validate.report import Report, write_report
from loresmith.validate.score import scores_of

from tests.validate.answered import judged

ROLL, HEALTH = "[roll: perception]", "[health: player, -1]"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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
        files={"q8_0": file},
        curve=None,
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


def test_nothing_that_a_model_says_is_markup(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert "<title>a &lt;model&gt;</title>" in page


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
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
