"""`particle-sgd` for regression: the units of a network as particles that descend the loss, in particle time.

    f_n(x) = (1/n) sum_i c_i phi(x; z_i),
    c_i <- c_i + dt mean(e phi(x; z_i)),   z_i <- z_i + dt c_i mean(e grad_z phi(x; z_i)),   e = y - f_n(x),

the means over a fresh batch of P samples in each step, times the total mass of their measure; without samples where the
loss is known in closed form. The batch may grow from a step on (the quench). Rotskoff, Vanden-Eijnden, arXiv
1805.00915, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator

from mfbench import Checkpoint, Context
from mfbench.tasks.regression import RegressionProblem

from .blocks.particle_training import train
from .particle_parameters import ParticleDescent


def solve(problem: RegressionProblem, parameters: ParticleDescent, context: Context) -> Iterator[Checkpoint]:
    """Descend until the end or until stopped; a checkpoint is the network as it stands."""
    yield from train(problem, parameters, context)
