"""Durations as people type them."""

from __future__ import annotations

import math
import re

SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}
PATTERN = re.compile(r"(?P<number>\d+(\.\d*)?|\.\d+)\s*(?P<unit>ms|s|min|m|h|)")


def duration(text: str) -> float:
    """Seconds of "30s", "1.5 min", "500ms", "2h" or "45".

    Raises:
        ValueError: anything else, or no time at all.

    Examples:
        >>> duration("1.5min")
        90.0
    """
    match = PATTERN.fullmatch(text.strip().lower())
    seconds = float(match["number"]) * SECONDS[match["unit"]] if match else 0.0
    if not 0 < seconds < math.inf:
        raise ValueError(f"got {text!r}; expected a duration above zero such as 30s, 2min or 500ms.")
    return seconds
