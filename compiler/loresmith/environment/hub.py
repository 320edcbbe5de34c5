"""Whether the model hub can be reached."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from functools import cache

DEFAULT_TIMEOUT = 3.0
"""Seconds to wait for the hub before it counts as away."""


def hub_is_reachable(timeout: float = DEFAULT_TIMEOUT) -> bool:
    """Whether the hub (HF_ENDPOINT) answers within `timeout` seconds; HF_HUB_OFFLINE says that it doesn't."""
    if os.environ.get("HF_HUB_OFFLINE", "0") not in ("0", ""):
        return False
    return _answers(hub_endpoint(), timeout)


@cache
def _answers(endpoint: str, timeout: float) -> bool:
    """Asked once in a process: a choice among several recipes waits for one answer, not for each."""
    try:
        request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310
        with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        # It answers, whatever it thinks of the question.
        return True
    except (OSError, ValueError):
        return False


def hub_endpoint() -> str:
    """The hub's address: HF_ENDPOINT, or the one that huggingface_hub is made for; empty without either."""
    if endpoint := os.environ.get("HF_ENDPOINT", ""):
        return endpoint
    try:
        from huggingface_hub.constants import ENDPOINT
    except ModuleNotFoundError:
        return ""
    return ENDPOINT
