"""New ids in every file that speaks of ids."""

from __future__ import annotations

import json
from pathlib import Path

from loresmith.trim.numbering import named_tokens, numbering_of, write_configs

CONFIG = {
    "architectures": ["Gemma3nForConditionalGeneration"],
    "boi_token_id": 20,
    "image_token_id": 31,
    "eos_token_id": [1, 6, 99],
    "text_config": {
        "vocab_size": 40,
        "vocab_size_per_layer_input": 30,
        "bos_token_id": 2,
        "pad_token_id": None,
    },
    "vision_config": {"vocab_offset": 30, "vocab_size": 5},
    "audio_config": {"vocab_offset": 35, "vocab_size": 5},
    "num_hidden_layers": 6,
}


def written(tmp_path: Path, kept: set[int]) -> dict[str, object]:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    out = tmp_path / "out"
    write_configs(tmp_path, out, numbering_of(kept))
    return json.loads((out / "config.json").read_text())


def test_configs_speak_of_the_new_ids(tmp_path: Path) -> None:
    config = written(tmp_path, {0, 1, 2, 6, 20, *range(30, 40)})
    assert config == CONFIG | {
        "boi_token_id": 4,
        "image_token_id": 6,
        "eos_token_id": [1, 3],
        "text_config": {
            "vocab_size": 15, "vocab_size_per_layer_input": 5, "bos_token_id": 2, "pad_token_id": None
        },
        "vision_config": {"vocab_offset": 5, "vocab_size": 5},
        "audio_config": {"vocab_offset": 10, "vocab_size": 5},
    }  # fmt: skip


def test_an_id_without_a_row_is_null(tmp_path: Path) -> None:
    config = written(tmp_path, {0, 1, 2, 6})
    assert config["boi_token_id"] is None


def test_named_ids_are_those_of_the_configuration_and_of_the_towers(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": 7, "top_k": 64}))
    assert named_tokens(tmp_path, 40) == {1, 2, 6, 7, 20, *range(30, 40)}


def test_rows_under_a_limit() -> None:
    numbering = numbering_of({9, 3, 5})
    assert numbering.kept == (3, 5, 9)
    assert [numbering.below(limit) for limit in (0, 3, 4, 9, 10)] == [0, 0, 1, 2, 3]
