"""What a verdict fails on: how much worse accuracy and cost may get."""

from __future__ import annotations

import math
import re

import msgspec

from mfbench.request import BadRequest

QUANTITIES = ("accuracy", "cost")
PERCENT = re.compile(r"(?P<name>[a-z]+)\s*=\s*(?P<number>\d+(\.\d*)?|\.\d+)\s*%")

DEFAULT = "accuracy=10%,cost=20%"


class Gates(msgspec.Struct, frozen=True):
    """The factors beyond which a loss is a regression; None: shown, and never a reason to fail.

    Args:
        accuracy: of the headline error.
        cost: of the seconds to an equal error.
    """

    accuracy: float | None = None
    cost: float | None = None

    def limit(self, quantity: str) -> float | None:
        """The gate of a quantity."""
        return self.cost if quantity == "cost" else self.accuracy

    @property
    def count(self) -> int:
        """How many gates every cell passes."""
        return sum(self.limit(quantity) is not None for quantity in QUANTITIES)


def read_gates(text: str) -> Gates:
    """Read `accuracy=10%,cost=20%`; a quantity that is not named is no gate.

    Raises:
        BadRequest: anything else.

    Examples:
        >>> read_gates("cost=20%")
        Gates(accuracy=None, cost=1.2)
    """
    limits: dict[str, float] = {}
    for part in text.split(","):
        match = PERCENT.fullmatch(part.strip())
        factor = 1.0 + float(match["number"]) / 100.0 if match else math.nan
        if match is None or match["name"] not in QUANTITIES or not 1.0 < factor < math.inf:
            raise BadRequest(
                f"--fail-on: got {part.strip()!r}; expected QUANTITY=PERCENT% above zero with a quantity of "
                f"{', '.join(QUANTITIES)}, as in {DEFAULT}."
            )
        if match["name"] in limits:
            raise BadRequest(f"--fail-on: {match['name']} is given twice.")
        limits[match["name"]] = factor
    return Gates(**limits)
