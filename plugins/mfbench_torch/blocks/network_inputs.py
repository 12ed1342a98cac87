"""What a committor's network is given: scaled coordinates, or symmetric functions where these are of identical particles."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from mfbench.frames import like
from mfbench.particles import SymmetricFunctions, particles_of
from mfbench.tasks.committor import CommittorProblem

from .ansatz import Scale


class NetworkInputs(NamedTuple):
    """Functions of scaled coordinates u = (x - centre) / length.

    Args:
        number: k of them.
        values: u (n, d) -> (n, k).
        asked: evaluations of V that it took to know.
    """

    number: int
    values: Callable[[torch.Tensor], torch.Tensor]
    asked: int


def network_inputs(problem: CommittorProblem, scale: Scale, symmetric: bool) -> NetworkInputs:
    """Those of a problem; without `symmetric` always coordinates."""
    particles, asked = particles_of(problem) if symmetric else (None, 0)
    if particles is None:
        return NetworkInputs(problem.dim, lambda u: u, asked)
    functions = SymmetricFunctions(problem, particles)

    def values(u: torch.Tensor) -> torch.Tensor:
        return functions(u * scale.length + like(scale.centre, u))

    return NetworkInputs(functions.number, values, asked)
