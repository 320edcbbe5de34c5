"""The processes that train together. A run in one process is a world of one: the same code, nothing to exchange."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """This process among `size`; process 0 alone writes files and reports. Exchange goes through accelerate."""

    index: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes and reports."""
        return self.index == 0

    @property
    def local_size(self) -> int:
        """How many of the processes are on this machine, as their launcher says it."""
        return int(os.environ.get("LOCAL_WORLD_SIZE", self.size))

    def share_of(self, items: Sequence[T]) -> Sequence[T]:
        """This process's part: every item belongs to exactly one process."""
        return items[self.index :: self.size]

    def summed(self, number: float, device: str) -> float:
        """The sum over all processes, the same on each. NaN and infinity stay what they are."""
        if self.size == 1:
            return number
        from accelerate.utils import reduce

        total: Any = reduce(torch.tensor([number], dtype=torch.float64, device=device), "sum")
        return float(total[0])

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Put the sum of all processes' gradients into the parameters; a process without one adds zeros."""
        if self.size == 1:
            return
        from accelerate.utils import reduce

        trained = list(parameters)
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        whole: Any = reduce(torch.cat([gradient.reshape(-1) for gradient in own]), "sum")
        parts = whole.split([p.numel() for p in trained])
        for parameter, part in zip(trained, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def begin_as_main(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Put process 0's values into the parameters of every process."""
        if self.size == 1:
            return
        from accelerate.utils import broadcast

        with torch.no_grad():
            for parameter in parameters:
                value: Any = broadcast(parameter.detach().clone())
                parameter.copy_(value)

    def said_by_main(self, value: T) -> T:
        """What process 0 gave, on every process."""
        if self.size == 1:
            return value
        from accelerate.utils import broadcast_object_list

        said: list[Any] = [value]
        broadcast_object_list(said)
        return said[0]


ALONE = World()


def join_world(*, cpu: bool) -> World:
    """Meet the other processes that `accelerate launch` started; gives a world of one when there are none.

    `cpu`: compute on the CPU and talk over gloo. Otherwise this process's own GPU becomes torch's current one.
    """
    from accelerate import PartialState

    state = PartialState(cpu=cpu)
    return World(state.process_index, state.num_processes)


def leave_world() -> None:
    """Take leave of the others in order, so that none of them finds its connection cut."""
    from accelerate import PartialState

    PartialState().destroy_process_group()
