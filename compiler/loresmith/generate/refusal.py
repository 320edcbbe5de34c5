"""Why a model file can't be asked, from what llama.cpp said and what the file says of itself."""

from __future__ import annotations

import re
from pathlib import Path

from loresmith.diagnostics.failure import EnvironmentFailure, Failure, Rejected
from loresmith.families.family import FAMILIES
from loresmith.generate.model_file import no_template, unknown_family
from loresmith.process.child import tells_of_lacking_memory

NO_TEMPLATE = "The file has no chat template, so nobody knows how the model wants to be spoken to."
"""What a worker says of a file without a template."""
TEMPLATE_FAILED = "chat template: "
"""What a worker says before the error of a template."""
NO_MEMORY = "there isn't memory enough for so much context"
"""What a worker says where llama.cpp gets no memory."""
_NO_MEMORY_TO_DECODE = "llama_decode returned -2"
"""What llama-cpp-python says of it while a prompt is read."""
NOT_NUMBERS = "the weights give values that aren't numbers"
"""What a worker says of a file whose weights are damaged."""
_UNKNOWN = re.compile(r"unknown model architecture: '([^']*)'")
_TEMPLATE = re.compile(rf"(?:jinja2\.exceptions\.\w+: |{TEMPLATE_FAILED})(.*)")
_DAMAGED = re.compile(
    r"not within the file bounds|corrupted or incomplete|failed to read|wrong number of tensors|invalid magic"
    rf"|failed to load model from|gguf_init|{NOT_NUMBERS}"
)
_KINDS = {
    "adapter": ("an adapter, which changes a model and isn't one", "-adapter"),
    "mmproj": ("a projector, which lets a model see and isn't one", "-mmproj"),
}


def unknown_architecture(architecture: str) -> str:
    """What is said of a family that nobody here can talk to, in llama.cpp's own words."""
    return f"unknown model architecture: '{architecture}'"


def refusal(file: Path, said: str) -> Failure:
    """The failure to raise for a model file that a worker ended on with these words."""
    if _lacked_memory(said):
        return EnvironmentFailure(
            "There isn't memory enough to ask this model file.",
            where=str(file),
            remedy="Close other programs, or take a smaller quantization or, for play, a smaller --context.",
        )
    kind, architecture = _header(file)
    if part := _KINDS.get(kind):
        return Rejected(
            f"This file is {part[0]}.",
            where=str(file),
            remedy=f"Name the model file beside it, without {part[1]} in its name; see: loresmith models",
        )
    return _refused_words(file, architecture, said)


def _lacked_memory(said: str) -> bool:
    return tells_of_lacking_memory(said) or any(words in said for words in (NO_MEMORY, _NO_MEMORY_TO_DECODE))


def _refused_words(file: Path, architecture: str, said: str) -> Rejected:
    """The failure for a whole model of some architecture."""
    if family := _unknown(said, architecture):
        return unknown_family(file, family)
    if NO_TEMPLATE in said:
        return no_template(file)
    if found := _TEMPLATE.search(said):
        return Rejected(
            "This model file's chat template can't build the prompts that the DM answers.",
            where=str(file),
            remedy=f"Take a file that loresmith built. The template's error: {found[1]}",
        )
    if _DAMAGED.search(said):
        return Rejected(
            "This model file is damaged or cut short.",
            where=str(file),
            remedy=f"Copy or build it again. What was found: {said}",
        )
    return Rejected("llama.cpp can't run this model file.", where=str(file), remedy=f"It said: {said}")


def _unknown(said: str, architecture: str) -> str:
    """The family of the file, where it is one that nobody here can talk to."""
    if found := _UNKNOWN.search(said):
        return found[1]
    return "" if architecture in {family.gguf_architecture for family in FAMILIES} else architecture


def _header(file: Path) -> tuple[str, str]:
    """What the file says that it is, `model`, `adapter` or `mmproj`, and its architecture; nothing where it can't be
    read."""
    from gguf import GGUFReader

    from loresmith.export.verify import value_of

    try:
        reader = GGUFReader(file)
        found = (value_of(reader, f"general.{key}") for key in ("type", "architecture"))
        kind, architecture = (str(value or "") for value in found)
    except Exception:
        # The reader trusts the file: a damaged one can raise anything.
        return "", ""
    return ("mmproj" if architecture == "clip" else kind), architecture
