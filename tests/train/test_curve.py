"""The loss curve: a long training's mean is drawn, a short one has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.train.curve import draw_loss_curve
from PIL import Image

MEAN = (0x5B, 0x68, 0x76)


@pytest.mark.parametrize(("steps", "has_mean"), [(40, False), (200, True)])
def test_of_many_steps_the_mean_is_drawn(tmp_path: Path, steps: int, has_mean: bool) -> None:
    history = [
        {"step": step, "loss": 3 - step / steps + step % 2, "eval_loss": 2.5 if step % 20 == 0 else None}
        for step in range(1, steps + 1)
    ]
    for name in ("one.png", "again.png"):
        draw_loss_curve(history, steps, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        colours = picture.convert("RGB").getcolors(picture.width * picture.height) or []
    assert any(colour == MEAN for _, colour in colours) is has_mean
