"""How long a number may be: Python reads none of more than 4,300 digits, and no story needs one of ten."""

from __future__ import annotations

CALL_DIGITS = 9
"""The most digits of a number in a call, zeros before it among them."""
MOST = 10**CALL_DIGITS - 1
"""The largest number that a call can give."""
TOLD_DIGITS = 15
"""The most digits of a number in a result or a sheet: what calls add up to has more digits than each of them, and
JavaScript keeps every digit of 15."""
