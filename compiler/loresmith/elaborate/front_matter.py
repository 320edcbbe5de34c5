"""Front matter: five keys, each checked at its own place, and what holds where it is silent."""

from __future__ import annotations

import difflib
import hashlib
import math
from pathlib import PurePosixPath
from typing import cast, get_args

import yaml

from loresmith.diagnostics.diagnostic import Findings
from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import FrontMatter
from loresmith.ir.scenario import DERIVED_ID, Split
from loresmith.syntax.source import Source
from loresmith.syntax.tree import Range

KEYS = ("id", "category", "tags", "split", "weight")
Value = str | float | tuple[str, ...]
_LIKE_A_COPY = "what ends in ~ and a number is a copy that was derived for training"
_START = Span(line=1, column=1, end_line=1, end_column=1)


def split_of(scenario_id: str) -> Split:
    """The split of a scenario whose front matter names none: by the hash of its id, so it never moves.

    Of a hundred scenarios about 80 are for training, 10 for evaluation, 10 for the test.
    """
    bucket = int.from_bytes(hashlib.sha256(scenario_id.encode()).digest()[:8], "big") % 10
    return "train" if bucket < 8 else "eval" if bucket == 8 else "test"


def elaborate_front_matter(source: Source, place: Range | None, findings: Findings) -> FrontMatter:
    """The front matter of a file; wrong entries are reported and count as not given."""
    given = _Reader(source, place, findings).entries() if place else {}
    default_id, default_category = names_of_path(source.path)
    scenario_id = str(given.get("id", default_id))
    if DERIVED_ID.fullmatch(scenario_id):
        message = f"The file's name makes {default_id!r} its id: {_LIKE_A_COPY}."
        findings.add("SC105", _START, message, "Rename the file, or give it an `id` in its front matter.")
        # Where the finding is silenced the id still mustn't be a copy's.
        scenario_id = scenario_id.replace("~", "-")
    return FrontMatter(
        id=scenario_id,
        category=str(given.get("category", default_category)),
        tags=cast("tuple[str, ...]", given.get("tags", ())),
        split=cast("Split", given.get("split")) or split_of(scenario_id),
        weight=cast("float", given.get("weight", 1.0)),
    )


def names_of_path(path: str) -> tuple[str, str]:
    """Id and category of a file by its path: what stands below the last `scenarios` folder."""
    written = PurePosixPath(path.replace("\\", "/"))
    parts = (*written.parts[:-1], written.stem)
    if "scenarios" not in parts[:-1]:
        return "/".join(part for part in parts if part != "/"), "uncategorised"
    below = parts[len(parts) - parts[::-1].index("scenarios", 1) :]
    return "/".join(below), below[0] if len(below) > 1 else "uncategorised"


class _Reader:
    """Reads the YAML with its positions, so that each finding stands at its own entry."""

    def __init__(self, source: Source, place: Range, findings: Findings) -> None:
        self.source = source
        self.place = place
        self.findings = findings

    def entries(self) -> dict[str, Value]:
        """The valid entries by key."""
        text = self.source.text[self.place.start : self.place.end]
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            start = self.place.start + (error.problem_mark.index if error.problem_mark else 0)
            self._report(
                self._line_span(min(start, self.place.end)), f"This isn't valid YAML: {error.problem}."
            )
            return {}
        except yaml.YAMLError:
            self._report(self.source.span(0, 3), "This isn't valid YAML.")
            return {}
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._report(self._span(node), "Front matter is a mapping of keys to values.")
            return {}
        return self._checked(node)

    def _checked(self, node: yaml.MappingNode) -> dict[str, Value]:
        found = dict[str, Value]()
        seen = set[str]()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key not in KEYS:
                close = difflib.get_close_matches(key.lower(), KEYS, n=1)
                hint = f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(KEYS)}."
                self._report(self._span(key_node), f"Unknown key {key!r}.", hint)
            elif key in seen:
                self._report(self._span(key_node), f"The key {key!r} is there twice.")
            elif (value := self._value(key, value_node)) is not None:
                found[key] = value
            seen.add(key)
        return found

    def _value(self, key: str, node: yaml.Node) -> Value | None:
        if key == "tags":
            return self._tags(node)
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            return self._report(self._span(node), f"`{key}` is a single value.")
        if key == "split":
            if node.value in get_args(Split):
                return node.value
            return self._report(self._span(node), f"`split` is train, eval or test, not {node.value!r}.")
        if key == "id" and DERIVED_ID.fullmatch(node.value.strip()):
            return self._report(self._span(node), f"`id` can't be {node.value!r}: {_LIKE_A_COPY}.")
        return self._weight(node) if key == "weight" else node.value.strip()

    def _tags(self, node: yaml.Node) -> tuple[str, ...] | None:
        if not isinstance(node, yaml.SequenceNode):
            return self._report(self._span(node), "`tags` is a list.", "Write tags: [search, undead].")
        for item in node.value:
            if not isinstance(item, yaml.ScalarNode) or not item.value.strip():
                return self._report(self._span(item), "A tag is a single word or phrase.")
        return tuple(item.value for item in node.value)

    def _weight(self, node: yaml.ScalarNode) -> float | None:
        try:
            weight = float(node.value)
        except ValueError:
            weight = math.nan
        if math.isfinite(weight) and weight > 0:
            return weight
        return self._report(self._span(node), f"`weight` is a number above 0, not {node.value!r}.")

    def _span(self, node: yaml.Node) -> Span:
        start = self.place.start + node.start_mark.index
        end = self.place.start + node.end_mark.index
        return self.source.span(start, max(end, start))

    def _line_span(self, offset: int) -> Span:
        return self.source.span(offset, max(offset, self.source.line_end(offset)))

    def _report(self, span: Span, message: str, hint: str | None = None) -> None:
        self.findings.add("SC105", span, message, hint)
