"""The quantizations by name: what llama.cpp calls them, from the largest file to the smallest."""

from __future__ import annotations

from types import MappingProxyType

from loresmith.diagnostics.failure import InvalidCall

KINDS = MappingProxyType(
    {
        "f16": "MOSTLY_F16",
        "bf16": "MOSTLY_BF16",
        "q8_0": "MOSTLY_Q8_0",
        "q6_k": "MOSTLY_Q6_K",
        "q5_k_m": "MOSTLY_Q5_K_M",
        "q4_k_m": "MOSTLY_Q4_K_M",
        "q4_0": "MOSTLY_Q4_0",
        "iq4_xs": "MOSTLY_IQ4_XS",
        "q3_k_m": "MOSTLY_Q3_K_M",
        "q2_k": "MOSTLY_Q2_K",
    }
)
"""Kind -> llama.cpp's file type, without its prefix LLAMA_FTYPE_. None of these needs an importance matrix."""

_UNLED = ("f16", "bf16", "q8_0")


def uses_importance(kind: str) -> bool:
    """Whether llama.cpp looks at an importance matrix when it rounds to this kind: it does below eight bits."""
    return kind not in _UNLED


def require_kind(kind: str) -> str:
    """llama.cpp's name of the file type; raises InvalidCall with the known kinds for another one."""
    if kind not in KINDS:
        raise InvalidCall(f"There is no quantization {kind!r}.", remedy=f"Known: {', '.join(KINDS)}.")
    return KINDS[kind]
