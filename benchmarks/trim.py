"""Measures `vocabulary: {trim: english}` against the whole vocabulary, on the embedded default.

`python benchmarks/trim.py --project FOLDER [--text NAME=FILE…] [--scenarios N] [--write]`. FOLDER is a project with
the shipped scenarios; what isn't built there yet is built. Both models are untrained: the base and what the trim stage
made of it. They train on the same N scenarios, turn by turn in processes of their own, and are exported, quantized and
run by llama.cpp. Bits a byte are of text that the scenarios don't hold: the held-out ones, and the prose of each FILE,
in paragraphs of at most 1,500 characters, the same number from all over the file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from page import put_table

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- trim: written by benchmarks/trim.py -->\n", "<!-- end of trim -->\n"
RECIPE = "gemma3-270m"
KINDS = ("q8_0", "q4_k_m")
WARM_UP, ROUNDS = 2, 2
PASSAGES, SHORTEST, PASSAGE = 16, 200, 1500
"""Passages of each text, and their characters, from and to."""
BREAK = re.compile(r"\n\s*\n|%%%%|\n (?=\S)")
"""Between paragraphs: an empty line, an entry's end in a game's database, an indented line of a page."""
MARKUP = re.compile(r"[<>{}_|=\\]|\.{4}")
READ, WRITTEN = 512, 96
"""Tokens that llama.cpp reads at once and then writes one by one."""

TRAINING = """
import json, sys
from pathlib import Path
from loresmith.base.acquire import read_config
from loresmith.dataset.build import samples_of
from loresmith.families.family import family_of
from loresmith.recipe.train import Train
from loresmith.train.heap import keep_freed_memory
from loresmith.train.loop import run_training
from loresmith.train.model import add_adapter, load_base, prepare_rows

base, dataset, count, work, result = sys.argv[1:]
keep_freed_memory()
family = family_of(read_config(Path(base))["architectures"])
train = Train(rank=16, alpha=32, learning_rate=4e-4, batch_size=2, epochs=1, eval_every=10**6, checkpoint_every=10**6)
model = add_adapter(load_base(Path(base), family, "fp32"), family, train)
prepare_rows(model, family, "cpu")
samples, held_out = samples_of(Path(dataset), "train"), samples_of(Path(dataset), "eval")
seconds = []
run_training(
    model, samples[: int(count)], held_out[:1], train, "cpu", Path(work), lambda step: seconds.append(step.seconds)
)
Path(result).write_text(json.dumps(seconds))
"""


@dataclass
class Model:
    """One of the two: its folder, its dataset, and what was measured of it."""

    folder: Path
    dataset: Path
    tokens: int
    bytes: dict[str, int] = field(default_factory=dict[str, int])
    step_seconds: list[float] = field(default_factory=list[float])
    read: dict[str, float] = field(default_factory=dict[str, float])
    written: dict[str, float] = field(default_factory=dict[str, float])
    bits: dict[str, float] = field(default_factory=dict[str, float])


def main() -> None:
    """Build what is missing, measure both and print the table; `--write` puts it into the README."""
    asked = _arguments()
    whole, cut = _models(asked.project)
    texts = _texts(asked.project, whole, dict(text.split("=", 1) for text in asked.text))
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(ROUNDS):
            for model in (whole, cut):
                model.step_seconds += _train(model, asked.scenarios, Path(scratch))
        for model in (whole, cut):
            _measure_files(model, Path(scratch))
    for model in (whole, cut):
        _measure_bits(model, texts)
    table = _table(whole, cut, texts, asked.scenarios)
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--text", action="append", default=[], metavar="NAME=FILE", help="English prose")
    parser.add_argument("--scenarios", type=int, default=12)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _models(project: Path) -> tuple[Model, Model]:
    """The whole and the cut model, built where they weren't."""
    from loresmith.commands.watchers import PlainWatcher
    from loresmith.pipeline.build import build_stage
    from loresmith.pipeline.project import Project
    from loresmith.recipe.load import find_recipe, load_recipe

    opened = Project(project.resolve(), load_recipe(find_recipe(RECIPE, project)))
    say = PlainWatcher(lambda line: print(line, file=sys.stderr, flush=True))
    base, trim, dataset, base_dataset = (
        build_stage(opened, stage, say) for stage in ("base", "trim", "dataset", "base-dataset")
    )
    return (
        Model(base.folder, base_dataset.folder, trim.facts["tokens_before"]),
        Model(trim.folder, dataset.folder, trim.facts["tokens_after"]),
    )


def _texts(project: Path, model: Model, files: dict[str, str]) -> dict[str, list[str]]:
    """Passages by the name of their text: the held-out scenarios as the model sees them, and the files."""
    from loresmith.dataset.build import read_samples
    from loresmith.render.prompt import render_prompt

    family = _family(model)
    held_out = [
        render_prompt(family, list(sample.messages), reply_next=False)
        for split in ("eval", "test")
        for sample in read_samples(model.dataset, split)
    ]
    found = {"held-out scenarios": [text[:PASSAGE] for text in _spread(held_out)]}
    for name, path in files.items():
        found[name] = _spread(list(_passages(_prose(project / path))))
    return found


def _family(model: Model) -> Any:
    from loresmith.base.acquire import read_config
    from loresmith.families.family import family_of

    return family_of(read_config(model.folder)["architectures"])


def _prose(path: Path) -> str:
    """A file's text; of a folder, that of its pages (*.txt), words put together that were broken at a line's end."""
    pages = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    return re.sub(r" -\n", "", "\n".join(page.read_text(encoding="utf-8") for page in pages))


def _passages(text: str) -> Iterator[str]:
    """Paragraphs, their lines joined; what is too short to be prose, or marked up, is left out."""
    for paragraph in BREAK.split(text):
        joined = " ".join(line.strip() for line in paragraph.splitlines())
        if len(joined) >= SHORTEST and not MARKUP.search(joined):
            yield joined[:PASSAGE]


def _spread(passages: Sequence[str]) -> list[str]:
    """At most PASSAGES of them, evenly from all over."""
    count = min(PASSAGES, len(passages))
    return [passages[number * len(passages) // count] for number in range(count)]


def _train(model: Model, scenarios: int, scratch: Path) -> list[float]:
    """The seconds of each step of our loop, the first ones left out."""
    script, result = scratch / "training.py", scratch / "seconds.json"
    script.write_text(TRAINING, encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=scratch) as work:
        arguments = [str(model.folder), str(model.dataset), str(scenarios), work, str(result)]
        subprocess.run([sys.executable, "-W", "ignore", str(script), *arguments], check=True)
    return json.loads(result.read_text(encoding="utf-8"))[WARM_UP:]


def _measure_files(model: Model, scratch: Path) -> None:
    """Bytes of each quantization, and the tokens a second that llama.cpp reads and writes with it."""
    from loresmith.export.gguf import export_gguf
    from loresmith.quantize.run import quantize

    f16, file = scratch / "model-f16.gguf", scratch / "model.gguf"
    export_gguf(model.folder, f16, RECIPE, lambda _: None)
    for kind in KINDS:
        quantize(f16, file, kind, lambda _: None)
        model.bytes[kind] = file.stat().st_size
        model.read[kind], model.written[kind] = _speed(file, model)
        file.unlink()
    f16.unlink()


def _speed(file: Path, model: Model) -> tuple[float, float]:
    """Tokens a second, read and written greedily; the best of three."""
    from llama_cpp import Llama
    from loresmith.dataset.build import read_samples

    ids = list(read_samples(model.dataset, "eval")[0].ids[:READ])
    llama = Llama(model_path=str(file), n_ctx=1024, n_batch=READ, verbose=False, n_gpu_layers=0)
    read: list[float] = []
    written: list[float] = []
    for _ in range(3):
        llama.reset()
        started = time.perf_counter()
        llama.eval(ids)
        read.append(len(ids) / (time.perf_counter() - started))
        started = time.perf_counter()
        for _ in range(WRITTEN):
            llama.eval([llama.sample(temp=0.0)])
        written.append(WRITTEN / (time.perf_counter() - started))
    llama.close()
    return max(read), max(written)


def _measure_bits(model: Model, texts: dict[str, list[str]]) -> None:
    """Bits a byte of each text, in fp32."""
    from loresmith.trim.fidelity import read_texts

    every = [text for passages in texts.values() for text in passages]
    model.bits["all"] = 0.0
    for name, passages in texts.items():
        bits = read_texts(model.folder, _family(model), passages).bits
        model.bits[name] = bits / _bytes(passages)
        model.bits["all"] += bits / _bytes(every)


def _bytes(passages: Sequence[str]) -> int:
    return sum(len(text.encode()) for text in passages)


def _table(whole: Model, cut: Model, texts: dict[str, list[str]], scenarios: int) -> str:
    sizes = {name: _bytes(passages) for name, passages in texts.items()}
    sizes["all"] = sum(sizes.values())
    rows = [("tokens", f"{whole.tokens:,}", f"{cut.tokens:,}", f"{cut.tokens / whole.tokens:.0%}")]
    for kind in KINDS:
        a, b = whole.bytes[kind], cut.bytes[kind]
        rows.append((f"{kind} file, bytes", f"{a:,}", f"{b:,}", f"{b / a:.1%}"))
    a, b = (statistics.median(model.step_seconds) for model in (whole, cut))
    rows.append(("training, seconds a step", f"{a:.2f}", f"{b:.2f}", f"{b / a:.1%}"))
    for what, speeds in (("reads", "read"), ("writes", "written")):
        for kind in KINDS:
            a, b = getattr(whole, speeds)[kind], getattr(cut, speeds)[kind]
            rows.append((f"llama.cpp {what}, {kind}, tokens/s", f"{a:.0f}", f"{b:.0f}", f"{b / a:.0%}"))
    for name in whole.bits:
        a, b = whole.bits[name], cut.bits[name]
        rows.append(
            (f"bits a byte, {name} ({sizes[name]:,} bytes)", f"{a:.4f}", f"{b:.4f}", f"{b / a - 1:+.2%}")
        )
    lines = [
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; {_versions()}; "
        f"{scenarios} scenarios trained on, {ROUNDS} times each",
        "",
        "| what | whole | english | english against whole |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join([*lines, ""])


def _versions() -> str:
    named = ("torch", "transformers", "peft", "llama-cpp-python", "wordfreq")
    return ", ".join([f"Python {platform.python_version()}", *(f"{n} {metadata.version(n)}" for n in named)])


if __name__ == "__main__":
    main()
