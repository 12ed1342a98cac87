"""Spikes on a torus seen through a few Fourier modes: what the problems on the circle and on the torus share.

With x uniform and D(x) = prod_a sum_{|k| <= m} e^{i k x_a}, E D(x - z) D(x - z') = D(z - z'): all of the loss is closed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like
from mfbench.reference import Reference
from mfbench.tasks.regression import ClosedForm, RegressionProblem, Units
from mfbench.tasks.regression_judge import RegressionJudge
from mfbench_regression.sparse_measure import Spikes, least_objective

TURN = 2.0 * math.pi


def dirichlet(x: Any, z: Any, modes: int) -> Any:
    """D(x - z), (p, d) and (n, d) -> (p, n), as a sum of cosines: smooth at 0, where sin / sin is not."""
    xp = array_namespace(x)
    found = None
    for axis in range(x.shape[1]):
        angle = x[:, axis][:, None] - z[:, axis][None, :]
        # Chebyshev's recurrence, cos (k + 1) a = 2 cos a cos k a - cos (k - 1) a.
        once = xp.cos(angle)
        before, now = xp.ones_like(once), once
        total = 1.0 + 2.0 * now
        for _ in range(modes - 1):
            before, now = now, 2.0 * once * now - before
            total = total + 2.0 * now
        found = total if found is None else found * total
    return found


@dataclass(frozen=True)
class Deconvolution:
    """One instance.

    Args:
        spikes: of the data.
        modes: m, the highest mode in each direction.
        penalty: lambda.
    """

    spikes: Spikes
    modes: int
    penalty: float

    @property
    def dim(self) -> int:
        """Of the torus."""
        return self.spikes.places.shape[1]

    def signal(self, x: Any) -> Any:
        """y, (p, d) -> (p,)."""
        return dirichlet(x, like(self.spikes.places, x), self.modes) @ like(self.spikes.weights, x)

    def problem(self, initial: Callable[[np.random.Generator, int], Units]) -> RegressionProblem:
        """As solvers see it."""
        dim = self.dim

        def sample(noise: Any) -> tuple[Any, Any]:
            xp = array_namespace(noise)
            # The angle of two normal numbers is uniform.
            x = xp.atan2(noise[:, :dim], noise[:, dim:]) + math.pi
            return x, self.signal(x)

        weights = self.spikes.weights
        gram = dirichlet(self.spikes.places, self.spikes.places, self.modes)
        return RegressionProblem(
            dim=dim,
            noise_dim=2 * dim,
            sample=sample,
            unit=lambda x, z: dirichlet(x, z, self.modes),
            parameter_dim=dim,
            initial=initial,
            prior=lambda rng, n: rng.uniform(0.0, TURN, (n, dim)),
            box=np.array([[0.0] * dim, [TURN] * dim]),
            penalty=self.penalty,
            closed_form=ClosedForm(
                overlap=self.signal,
                kernel=lambda z, other: dirichlet(z, other, self.modes),
                constant=float(weights @ gram @ weights) / 2.0,
            ),
        )

    def judge(self, nodes: int) -> RegressionJudge:
        """At `nodes` equal steps in each direction: exact for functions of modes below half of that."""
        steps = TURN * np.arange(nodes) / nodes
        x = np.stack(np.meshgrid(*[steps] * self.dim, indexing="ij"), axis=-1).reshape(-1, self.dim)
        found = least_objective(self.spikes, self.modes, self.penalty)
        best = dirichlet(x, found.spikes.places, self.modes) @ found.spikes.weights
        source = "mfbench_regression.sparse_measure.least_objective"
        return RegressionJudge(
            x=x,
            f=best,
            weights=np.full(len(x), 1.0 / len(x)),
            sampled=False,
            function=Reference(
                quantity="function of the best measure, L2 norm over the torus",
                value=None,
                # Strong convexity: |f - best|^2 / 2 is below what the objective is above its minimum.
                tolerance=math.sqrt(2.0 * found.gap),
                method="sliding Frank-Wolfe, error bar from duality",
                source=source,
            ),
            objective=Reference(
                quantity="least L + lambda |mu|",
                value=found.objective,
                tolerance=found.gap,
                method="sliding Frank-Wolfe, error bar from duality",
                source=source,
            ),
        )
