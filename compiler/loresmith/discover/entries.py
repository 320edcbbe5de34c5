"""Proposals as YAML, ready to be pasted into ai-training/tools.yaml."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import yaml

from loresmith.discover.propose import Proposal
from loresmith.ir.tools import Tool
from loresmith.ir.vocabulary import Vocabulary

HEAD = "# What the scenarios call and no entry declares. Each description is for you to write: the model reads it.\n"
MOST_PLACES = 3


def as_yaml(proposals: Sequence[Proposal], vocabulary: Vocabulary) -> str:
    """A whole tools.yaml; what can't be proposed stands in its comments."""
    proposed = [proposal for proposal in proposals if proposal.tool]
    comments = [_comment(proposal, vocabulary) for proposal in proposals if not proposal.tool]
    entries = [
        _comment(proposal, vocabulary) + _entry(proposal.tool) for proposal in proposed if proposal.tool
    ]
    tools = "tools:\n" + textwrap.indent("\n".join(entries), "  ") if entries else "tools: []\n"
    return HEAD + "".join(comments) + "version: 1\n" + tools


def _comment(proposal: Proposal, vocabulary: Vocabulary) -> str:
    count = len(proposal.uses)
    shown = ", ".join(use.place for use in proposal.uses[:MOST_PLACES])
    more = ", …" if count > MOST_PLACES else ""
    lines = [f"{proposal.name}: {count} call{'s' * (count != 1)}, {shown}{more}"]
    near = vocabulary.near(proposal.name)
    lines += [f"A slip? {near}"] if near.startswith("Did") else []
    lines += [f"not covered: {use.call.text} at {use.place}" for use in proposal.uncovered]
    return "".join(f"# {' '.join(line.split())}\n" for line in lines)


def _entry(tool: Tool) -> str:
    entry: dict[str, Any] = tool.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
