"""The command line: exit codes, messages without traceback, output for machines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from loresmith.commands import entry, models
from loresmith.commands.entry import exit_code_of
from loresmith.process import interrupts

from tests.messages import said
from tests.unit.recipes import RECIPE

CANONICAL = Path(__file__).parents[1] / "golden" / "front_end" / "canonical" / "input.md"


def scenarios(project: Path) -> Path:
    folder = project / "ai-training" / "scenarios" / "combat"
    folder.mkdir(parents=True)
    return folder


def test_no_scenarios_folder(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["train", "mine"]) == 2
    assert "There is no scenarios folder." in said(capsys)


def test_an_empty_scenarios_folder(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenarios(project)
    assert exit_code_of(["train", "mine"]) == 2
    assert "has no .md file" in said(capsys)


def test_random_bytes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (scenarios(project) / "noise.md").write_bytes(bytes(range(255, 0, -1)) * 9)
    assert exit_code_of(["train", "mine"]) == 1
    assert "ai-training/scenarios/combat/noise.md:1:1: SC101 error" in said(capsys)


def test_a_typo_in_the_recipe(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "recipes" / "mine.yaml").write_text(RECIPE + "trian: {}\n")
    assert exit_code_of(["plan", "mine"]) == 2
    text = said(capsys)
    assert "recipes/mine.yaml:4:1: error: Unknown key 'trian'" in text
    assert "Did you mean train?" in text


def test_a_budget_of_ten_megabytes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["init"]) == 0
    (project / "recipes" / "mine.yaml").write_text(RECIPE + "outputs: [{quantize: q8_0, max_size: 10MB}]\n")
    assert exit_code_of(["plan", "mine"]) == 1
    assert "10,000,000" in said(capsys)


def test_an_unknown_recipe(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["train", "gemma3-27m"]) == 2
    assert "Did you mean gemma3-270m?" in said(capsys)


def test_an_unknown_option(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["train", "--fast"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_verbose_shows_the_traceback(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["train", "mine", "--verbose"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_init_then_lint_finds_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["init"]) == 0
    assert exit_code_of(["lint", "--strict"]) == 0
    assert "2 files checked, nothing found." in capsys.readouterr().out
    assert exit_code_of(["init"]) == 2


def test_lint_reports_every_file_and_filters(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = scenarios(project)
    (folder / "a.md").write_text("# User\n\nHello\n")
    (folder / "b.md").write_text("")
    assert exit_code_of(["lint", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {Path(f["path"]).name for f in found} == {"a.md", "b.md"}
    assert set(found[0]) == {
        "path", "line", "column", "end_line", "end_column", "code", "severity", "message", "hint", "fixable"
    }  # fmt: skip
    assert exit_code_of(["lint", "--ignore", "SC"]) == 0
    assert exit_code_of(["lint", "--select", "SC4"]) == 0
    assert exit_code_of(["lint", "nowhere.md"]) == 2
    assert exit_code_of(["lint", "--format", "xml"]) == 2


def test_lint_speaks_json_and_is_quiet_as_the_other_commands_are(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scenarios(project)
    (folder / "a.md").write_text("# User\n\nHello\n")
    assert exit_code_of(["lint", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert exit_code_of(["lint"]) == 1
    shown = capsys.readouterr().out
    assert exit_code_of(["lint", "--quiet"]) == 1
    assert shown == capsys.readouterr().out + "1 file checked: 2 errors, 0 warnings.\n"
    assert exit_code_of(["lint", "--quiet", "--ignore", "SC"]) == 0
    assert not capsys.readouterr().out
    assert exit_code_of(["lint", "--format", "github"]) == 1
    assert capsys.readouterr().out.count("\n") == 2
    assert exit_code_of(["lint", "--format", "github", "--ignore", "SC"]) == 0
    assert not capsys.readouterr().out


def test_lint_takes_the_reply_limit_of_a_recipe(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Silenced as elsewhere; the message of 52 characters is short enough, that of 76 isn't."""
    text = CANONICAL.read_text(encoding="utf-8")
    (scenarios(project) / "a.md").write_text(text)
    silenced = text.replace("crypt-altar", "another").replace(
        "[health: Lyra, -1]", "[health: Lyra, -1] <!-- noqa -->"
    )
    (project / "ai-training" / "scenarios" / "combat" / "b.md").write_text(silenced)
    (project / "recipes" / "short.yaml").write_text(f"{RECIPE}reply: {{max_characters: 60}}\n")
    assert exit_code_of(["lint", "--json", "--recipe", "mine", "--select", "SC505"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert exit_code_of(["lint", "--json", "--recipe", "short", "--select", "SC505"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (Path(found["path"]).name, found["line"]) == ("a.md", 45)
    assert found["message"] == "This message shows 76 characters; the app cuts it at 60."


@pytest.mark.parametrize("command", [["lint"], ["lint", "--fix"], ["fmt"], ["tools", "discover"]])
def test_a_file_that_cannot_be_read_is_named(
    command: list[str], project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (scenarios(project) / "a.md").write_text("# User\n\nHello\n")
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "a.md":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert exit_code_of(command) == 2
    assert "a.md: error: The file can't be read: Permission denied." in said(capsys)


def test_lint_and_plan_load_no_torch(project: Path) -> None:
    assert exit_code_of(["init"]) == 0
    code = (
        "import sys; from loresmith.commands.entry import exit_code_of; "
        "codes = exit_code_of(['lint']), exit_code_of(['plan', 'mine']); "
        "assert codes == (0, 0), codes; "
        "assert not {'torch', 'transformers', 'llama_cpp', 'gguf'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_commands_and_their_defaults_are_read_without_pydantic() -> None:
    code = (
        "import sys; from loresmith.commands.application import application; "
        "assert not {'pydantic', 'numpy', 'rich.table'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_plan_says_what_would_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["init"]) == 0
    assert exit_code_of(["plan", "mine", "--json"]) == 0
    text = capsys.readouterr().out
    plan = json.loads(text[text.index("{") :])
    assert {stage["state"] for stage in plan["stages"]} == {"to run"}
    assert plan["outputs"][0]["predicted_bytes"] == 291_544_992
    assert plan["training"]["seconds"] > 0


def test_models_and_tools_and_schema_speak_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert exit_code_of(["tools", "--json"]) == 0
    assert "roll" in {tool["name"] for tool in json.loads(capsys.readouterr().out)}
    assert exit_code_of(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["additionalProperties"] is False
    assert exit_code_of(["schema", "dice"]) == 2


def test_export_and_eval_of_nothing_say_what_to_do(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["export", "mine", "out"]) == 2
    assert "loresmith models" in said(capsys)
    assert exit_code_of(["init"]) == 0
    assert exit_code_of(["eval", "mine"]) == 1
    assert "loresmith train mine" in said(capsys)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_closed_pipe_is_no_error(project: Path) -> None:
    command = f"{sys.executable} -m loresmith tools --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_has_no_room_is_the_environments(project: Path) -> None:
    command = f"{sys.executable} -m loresmith explain > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "error: The disk is full." in done.stderr


def test_an_interrupt_that_a_library_wrapped_is_still_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wraps_it(*_: object, **__: object) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as interrupt:
            raise ValueError("a schema can't be built") from interrupt
        return 0

    monkeypatch.setattr(models, "list_models", wraps_it)
    before = signal.getsignal(signal.SIGINT)
    try:
        interrupts.take_repeats_as_one()
        assert exit_code_of(["models"]) == 130
    finally:
        interrupts.take_repeats_as_one()
        signal.signal(signal.SIGINT, before)
    assert "Interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "goes_on"),
    [
        ("train mine", True), ("tune mine", True), ("--verbose train", True), ("eval mine", False),
        ("bench a.gguf", False), ("models", False), ("export train out", False),
    ],
)  # fmt: skip
def test_an_interrupted_command_says_whether_it_goes_on(
    project: Path,
    command: str,
    goes_on: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    for name in (
        "train.train_recipe", "tune.tune_recipe", "evaluate.evaluate_model", "bench.bench_models",
        "models.list_models", "export.export_model",
    ):  # fmt: skip
        monkeypatch.setattr(f"loresmith.commands.{name}", interrupted)
    assert exit_code_of(command.split()) == 130
    told = capsys.readouterr().err
    assert "Interrupted." in told
    assert ("the same command goes on" in told) == goes_on


def test_a_budget_that_no_build_can_meet_is_refused_before_one_begins(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = project / "recipes" / "mine.yaml"
    recipe.write_text(f"{RECIPE}outputs: [{{quantize: q8_0, max_size: 10MB}}]\n")
    assert exit_code_of(["train", "mine"]) == 1
    text = said(capsys)
    assert "291,544,992 bytes" in text
    assert "No quantization of gemma3-270m fits" in text
    assert not (project / "ai-training" / "build").exists()


def test_an_option_that_npm_took_is_refused_before_anything_is_done(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_user_agent", "npm/11.19.1 node/v20 linux x64")
    monkeypatch.setenv("npm_config_check", "true")
    loose = scenarios(project) / "loose.md"
    loose.write_bytes(written := CANONICAL.read_bytes().replace(b"\n", b"\r\n"))
    assert exit_code_of(["data", "clean"]) == 2
    assert "npm has taken --check" in said(capsys)
    assert loose.read_bytes() == written
    assert exit_code_of(["data", "clean", "--check"]) == 1
    assert exit_code_of(["models"]) == 0
    monkeypatch.setenv("npm_config_user_agent", "pnpm/9.0.0 npm/? node/v20 linux x64")
    assert exit_code_of(["data", "clean"]) == 0
    assert loose.read_bytes() != written


def test_an_interrupt_while_the_commands_are_loaded_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "take_repeats_as_one", lambda: None)
    monkeypatch.setattr(entry, "exit_code_of", interrupted)
    with pytest.raises(SystemExit) as caught:
        entry.main()
    assert caught.value.code == 130
