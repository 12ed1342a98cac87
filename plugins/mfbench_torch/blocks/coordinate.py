"""The coordinate along which umbrella windows stand: the logit z of a solution f, or f itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch


class Coordinate(NamedTuple):
    """Of (...) logits.

    Args:
        of: z -> the coordinate.
        slope: z -> its derivative by z.
        in_logit: it is z: its range has no ends, and windows follow what walkers see of it (`placement`).
    """

    of: Callable[[torch.Tensor], torch.Tensor]
    slope: Callable[[torch.Tensor], torch.Tensor]
    in_logit: bool


LOGIT = Coordinate(lambda z: z, torch.ones_like, True)
VALUE = Coordinate(torch.sigmoid, lambda z: torch.sigmoid(z) * torch.sigmoid(-z), False)
"""As Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334, have it."""
