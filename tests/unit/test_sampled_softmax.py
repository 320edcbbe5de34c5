"""A softmax over a part of the vocabulary: right on average, the same for the same step, never in an eval loss."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch
from loresmith.recipe.train import Train
from loresmith.train.loop import Measurement, accumulate_gradients, mean_loss, packed_losses, run_training
from loresmith.train.loss import SupervisedCrossEntropy, supervised_loss
from loresmith.train.rows import row_of
from loresmith.train.sampled_softmax import SampledSoftmax

from tests.unit.samples import made_samples
from tests.unit.test_train import TRAIN, VOCABULARY, gradients, tiny_model

FEW = 9
"""Tokens that the samples are made of: most of the vocabulary is in none of them."""


def softmax(drawn: int, seed: int = 7) -> SampledSoftmax:
    return SampledSoftmax(made_samples(4, FEW), VOCABULARY, drawn, seed)


def test_the_tokens_of_replies_are_always_there_and_others_are_drawn_anew() -> None:
    one, other = (softmax(10).of_step(step, "cpu") for step in (0, 1))
    assert one.ids[: one.known].tolist() == other.ids[: other.known].tolist() == list(range(3, FEW))
    drawn = [set(found.ids[found.known :].tolist()) for found in (one, other)]
    assert [len(tokens) for tokens in drawn] == [10, 10]
    assert not drawn[0] & set(range(3, FEW))
    assert drawn[0] != drawn[1]
    assert one.places(torch.tensor([8, 3, 5])).tolist() == [5, 0, 2]


def test_a_step_draws_the_same_again_and_another_seed_draws_others() -> None:
    once, again, other = softmax(10), softmax(10), softmax(10, seed=8)
    once.of_step(0, "cpu")
    assert torch.equal(once.of_step(5, "cpu").ids, again.of_step(5, "cpu").ids)
    assert not torch.equal(once.of_step(5, "cpu").ids, other.of_step(5, "cpu").ids)


def test_drawing_all_others_is_the_whole_softmax() -> None:
    sample = made_samples(4, FEW)[0]
    found: list[tuple[float, dict[str, torch.Tensor]]] = []
    for candidates in (None, softmax(10_000).of_step(0, "cpu")):
        model = tiny_model()
        loss = supervised_loss(model, row_of([sample], "cpu"), candidates)
        loss.backward()
        found.append((float(loss.detach()), gradients(model)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for name, gradient in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], gradient, rtol=1e-4, atol=1e-6)


def test_gradients_are_right_on_average() -> None:
    torch.manual_seed(1)
    head, hidden = torch.randn(VOCABULARY, 16), torch.randn(5, 16) / 4
    targets, weights = torch.tensor([3, 4, 5, 6, 8]), torch.ones(5)
    whole = _gradient(hidden, head, targets, weights, None)
    drawing = softmax(30)
    drawn: list[torch.Tensor] = []
    for step in range(300):
        candidates = drawing.of_step(step, "cpu")
        places = candidates.places(targets)
        drawn.append(_gradient(hidden, head[candidates.ids], places, weights, candidates.shift))
    error = (torch.stack(drawn).mean(dim=0) - whole).norm() / whole.norm()
    unshifted = (drawn[0] - whole).norm() / whole.norm()
    assert error < 0.03 < unshifted


def _gradient(
    hidden: torch.Tensor,
    head: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    shift: torch.Tensor | None,
) -> torch.Tensor:
    leaf = hidden.clone().requires_grad_()
    loss = SupervisedCrossEntropy.apply(leaf, head, targets, weights, None, shift)
    assert isinstance(loss, torch.Tensor)
    loss.backward()
    assert leaf.grad is not None
    return leaf.grad


def test_how_a_batch_is_packed_changes_no_gradient() -> None:
    batch = made_samples(8, FEW)
    losses = partial(packed_losses, candidates=softmax(10).of_step(0, "cpu"))
    found: list[dict[str, torch.Tensor]] = []
    for row_tokens in (1, 10_000):
        model = tiny_model()
        accumulate_gradients(model, batch, Train(row_tokens=row_tokens), "cpu", losses=losses)
        found.append(gradients(model))
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=1e-4, atol=1e-7)


def test_a_training_draws_in_its_steps_and_measures_the_eval_loss_on_the_whole_vocabulary(
    tmp_path: Path,
) -> None:
    train = TRAIN.model_copy(update={"sampled_softmax": 10, "epochs": 1, "batch_size": 10, "eval_every": 1})
    seen: list[Measurement] = []
    model, samples, held_out = tiny_model(train), made_samples(10, FEW), made_samples(3, FEW, 9)
    whole = mean_loss(model, samples, "cpu", train)
    run_training(model, samples, held_out, train, "cpu", tmp_path, seen.append)
    assert seen[0].loss != pytest.approx(whole, rel=1e-4)
    assert seen[0].eval_loss == pytest.approx(mean_loss(model, held_out, "cpu", train))
