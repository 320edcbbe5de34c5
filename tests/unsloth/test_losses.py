"""Padded batches, and the losses that a model gives for them against those of our packed rows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train.loop import Losses, accumulate_gradients, mean_loss, packed_losses
from loresmith.train.world import ALONE
from loresmith.unsloth.losses import padded_batch, padded_groups, padded_losses

from tests.families.tiny import VOCABULARY
from tests.unit.samples import made_samples


@st.composite
def samples(draw: Callable[..., Any]) -> list[Sample]:
    number = count()
    shapes = draw(st.lists(st.tuples(st.integers(2, 40), st.sampled_from([0.5, 1.0, 2.0])), max_size=12))
    return [
        made_samples(1, VOCABULARY, 0)[0].model_copy(
            update={
                "id": str(next(number)),
                "ids": tuple(range(length)),
                "weight": weight,
                "spans": ((1, 2),),
            }
        )
        for length, weight in shapes
    ]


@given(samples(), st.integers(2, 100))
def test_groups_are_of_one_weight_and_within_the_room(given_samples: list[Sample], capacity: int) -> None:
    groups = padded_groups(given_samples, capacity)
    ids = sorted(sample.id for group in groups for sample in group)
    assert ids == sorted(sample.id for sample in given_samples)
    for group in groups:
        assert len({sample.weight for sample in group}) == 1
        assert len(group) == 1 or len(group) * max(len(sample.ids) for sample in group) <= capacity


def test_only_spans_are_labelled_and_padding_is_hidden() -> None:
    long, short = made_samples(2, VOCABULARY, 3)
    long = long.model_copy(update={"ids": (5, 6, 7, 8), "spans": ((1, 2), (3, 4))})
    short = short.model_copy(update={"ids": (9, 3), "spans": ((1, 2),)})
    ids, mask, labels = padded_batch([long, short])
    assert ids.tolist() == [[5, 6, 7, 8], [9, 3, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert labels.tolist() == [[-100, 6, -100, 8], [-100, 3, -100, -100]]


@pytest.fixture(scope="module")
def models() -> tuple[Any, Any]:
    """The same tiny Gemma 3 with an adapter, once as transformers has it and once made ready for our rows."""
    from loresmith.families.family import family_named
    from loresmith.train.model import adapter_parameters, add_adapter, prepare_rows
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    def made() -> Any:
        torch.manual_seed(4)
        config = Gemma3TextConfig(
            vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, head_dim=16,
            num_attention_heads=2, num_key_value_heads=1, sliding_window=8, max_position_embeddings=256,
        )  # fmt: skip
        model = Gemma3ForCausalLM(config).requires_grad_(False)
        adapted = add_adapter(model, family_named("gemma3"), Train(rank=2))
        with torch.no_grad():
            for parameter in adapter_parameters(adapted).values():
                parameter.normal_(std=0.1)
        return adapted

    plain, ready = made(), made()
    prepare_rows(ready, family_named("gemma3"), "cpu")
    return plain, ready


def gradients(model: Any, batch: list[Sample], losses: Losses, row_tokens: int) -> dict[str, torch.Tensor]:
    from loresmith.train.model import adapter_parameters

    model.zero_grad()
    accumulate_gradients(model, batch, Train(row_tokens=row_tokens), "cpu", ALONE, losses)
    return {name: p.grad.clone() for name, p in adapter_parameters(model).items() if p.grad is not None}


@pytest.mark.parametrize("row_tokens", [1, 64, 4096])
def test_the_loss_is_the_mean_over_the_whole_batch(models: tuple[Any, Any], row_tokens: int) -> None:
    """However the batch is split, and with weights: as our own loss of it."""
    plain, ready = models
    batch = [
        sample.model_copy(update={"weight": 1.0 + number % 3})
        for number, sample in enumerate(made_samples(7, VOCABULARY, 5))
    ]
    expected = mean_loss(ready, batch, "cpu", Train(), ALONE, packed_losses)
    found = mean_loss(plain, batch, "cpu", Train(row_tokens=row_tokens), ALONE, padded_losses)
    assert found == pytest.approx(expected, rel=1e-5)
    ours, theirs = (
        gradients(ready, batch, packed_losses, 4096),
        gradients(plain, batch, padded_losses, row_tokens),
    )
    assert ours.keys() == theirs.keys()
    for name, gradient in ours.items():
        torch.testing.assert_close(theirs[name], gradient, rtol=1e-3, atol=1e-6)
