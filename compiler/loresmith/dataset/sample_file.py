"""The samples of a split, left on disk and read when a batch takes them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from loresmith.render.tokens import Sample


class SampleFile(Sequence[Sample]):
    """A split's samples by number. In memory are only where each stands in the file and how long it is, sixteen bytes
    a sample, so that what training holds doesn't grow with the scenarios."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = array("q")
        self.lengths = array("q")
        """Tokens of each sample."""
        place = 0
        with path.open("rb") as file:
            for line in file:
                self._places.append(place)
                self.lengths.append(len(Sample.model_validate_json(line).ids))
                place += len(line)

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self._places)

    @overload
    def __getitem__(self, number: int) -> Sample: ...
    @overload
    def __getitem__(self, number: slice) -> list[Sample]: ...
    def __getitem__(self, number: int | slice) -> Sample | list[Sample]:
        """The sample, read anew; a slice is read into a list."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        with self._path.open("rb") as file:
            file.seek(self._places[number])
            return Sample.model_validate_json(file.readline())


def lengths_of(samples: Sequence[Sample]) -> Sequence[int]:
    """Tokens of each sample; of a file without reading it again."""
    return samples.lengths if isinstance(samples, SampleFile) else [len(sample.ids) for sample in samples]
