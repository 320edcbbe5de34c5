"""Is a file a model that this compiler can talk to: a GGUF of a known family, with that family's chat template?"""

from __future__ import annotations

from pathlib import Path

from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.families.family import FAMILIES, Family
from loresmith.lower.conversation import Message
from loresmith.render.prompt import render_by
from loresmith.store.files import require_sayable

_MAGIC = b"GGUF"
_PROBE = (
    Message(role="system", content="You are the DM."),
    Message(role="user", content="I look."),
    Message(role="assistant", content="You see a door."),
    Message(role="user", content="I open it."),
)


def require_gguf(file: Path) -> None:
    """Raise InvalidCall when there is no such file or it can't be read, Rejected when it doesn't begin as a GGUF file
    does."""
    require_sayable(file)
    if not file.is_file():
        raise InvalidCall("There is no such model file.", where=str(file))
    if _beginning(file) != _MAGIC:
        raise Rejected("This isn't a GGUF model file.", where=str(file), remedy="See: loresmith models")


def _beginning(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_MAGIC))
    except OSError as error:
        raise InvalidCall(
            f"The model file can't be read: {error.strerror or error}.",
            where=str(file),
            remedy="Give your user the right to read it, or name another file.",
        ) from error


def family_of_file(file: Path, architecture: str, template: str | None) -> Family:
    """The family of a model file, from what it says of itself.

    Raises Rejected for an unknown family, for a file without a chat template, and for one whose template builds
    other prompts than those that the family is trained on.
    """
    family = next((family for family in FAMILIES if family.gguf_architecture == architecture), None)
    if family is None:
        raise unknown_family(file, architecture)
    if template is None:
        raise no_template(file)
    if template != family.template and not _same_prompts(family, template):
        raise Rejected(
            f"This model file's chat template isn't the one that {family.name} is trained with.",
            where=str(file),
            remedy="Take a file that loresmith built; see: loresmith models",
        )
    return family


def unknown_family(file: Path, architecture: str) -> Rejected:
    """The failure for a file of a family that isn't one of `FAMILIES`."""
    known = ", ".join(family.name for family in FAMILIES)
    return Rejected(
        f"This model is of the family {architecture or '(none)'}, which loresmith can't talk to.",
        where=str(file),
        remedy=f"Choose a model of one of these families: {known}.",
    )


def no_template(file: Path) -> Rejected:
    """The failure for a file without a chat template."""
    return Rejected(
        "This model file has no chat template, so nobody knows how it wants to be spoken to.",
        where=str(file),
        remedy="Take a file that loresmith built; see: loresmith models",
    )


def _same_prompts(family: Family, template: str) -> bool:
    """Whether a template builds the prompt that the family's own builds."""
    ours = render_by(family.template, family.bos, _PROBE, reply_next=True)
    try:
        return render_by(template, family.bos, _PROBE, reply_next=True) == ours
    except Exception:
        # A template is a program of the file's: it can raise anything.
        return False
