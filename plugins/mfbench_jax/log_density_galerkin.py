"""log p(x, t) of a time-dependent Fokker-Planck problem, u = Gaussian + tilt, by the Dirac-Frenkel principle.

1. Coordinates with noise of one strength, where there are any (`blocks/flat_coordinates.py`).
2. A Gaussian that follows the drift as fitted by a linear one at walkers, from the start's moments
   (`blocks/linear_flow.py`). Where start, drift and noise are a Gaussian's to rounding, this is the law, and the end.
3. Else sweeps over the horizon. The tilt w = u - g is a quadratic, the start's own shape, and polynomials along the axes
   in which drift or start bend (`blocks/tilts.py`, `blocks/bent_axes.py`); its parameters follow the equation by
   least squares at walkers of the time (`blocks/growth.py`, `blocks/dirac_frenkel.py`).
4. Every sweep has a higher degree; where that gains nothing, one more variable in a polynomial; then more walkers
   (`blocks/ladder.py`). The answer is that of the sweep with the least residual at walkers that it was not fitted to,
   integrated over time.

In the family, and so found to the precision of the integrator: Gaussian laws, and whatever is the start's shape times
a Gaussian at all times. Others are approximated, and badly where noise that depends on the place cannot be made of
one strength: there the sweeps tend to run away, and the Gaussian is left. u is not normalised again: an error of its
constant counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.transient import TransientProblem, at_times

from .blocks.dirac_frenkel import Lost
from .blocks.gaussian_mixture import Mixture
from .blocks.gaussian_mixture import log_density as gaussian_log_density
from .blocks.gaussian_start import as_mixture
from .blocks.ground import Ground
from .blocks.ladder import Ladder
from .blocks.legendre import indices
from .blocks.tilt_sweep import TiltSweep, Trail
from .blocks.tilts import Family, family, lowest, span_of
from .log_density_galerkin_entry import GalerkinParameters

EXACT = 1e-9
"""Nats of residual over the horizon, below which nothing is left to gain."""


class State(NamedTuple):
    """An answer: Gaussians and parameters of the tilt at the times asked (T,)."""

    times: np.ndarray
    gaussians: tuple[Mixture, ...]
    functions: Family | None
    thetas: tuple[np.ndarray, ...]


def solve(
    problem: TransientProblem, parameters: GalerkinParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint for the Gaussian alone, then one per stretch of a sweep; the answer changes when a sweep is the best.

    Reports "bend" (of the drift, see `Ground`), "residual" (nats over the horizon), "degree" and "order" of the best
    sweep, and "lost": sweeps whose parameters ran away. Work counts evaluations of the drift. Ends by itself where the
    law is in the family.

    Raises:
        Diverged: walkers left the finite numbers, the drift is too stiff for them, or the Gaussian is lost.
    """
    jax.config.update("jax_enable_x64", True)
    p, rng = parameters, np.random.default_rng(context.seed)
    ground = Ground(problem, p.reduce, p.step_share, p.max_steps, rng)
    coordinates = ground.coordinates

    def log_density(state: State, x: np.ndarray) -> np.ndarray:
        def at(number: int, points: np.ndarray) -> np.ndarray:
            y = coordinates.places(points)
            values = gaussian_log_density(state.gaussians[number], y) + coordinates.log_volumes(points)
            if state.functions is not None:
                shape = ground.start.values(points, y) if state.functions.shaped else None
                values = values + state.functions.design(y, shape) @ state.thetas[number]
            return values

        return at_times(x, state.times, at)

    gaussians = tuple(as_mixture(ground.flow.at(t)) for t in problem.times)
    state = State(np.array(problem.times), gaussians, None, ())
    reports = {"bend": ground.bend, "lost": 0.0}

    def answer() -> Checkpoint:
        return Checkpoint(
            evaluate=log_density, state=state, work={"evaluations": ground.evaluations}, reports=dict(reports)
        )

    yield answer()
    if ground.closed:
        return
    axes = ground.axes(rng)
    pairs = problem.dim * (problem.dim + 1) // 2
    quadratic = pairs <= p.quadratic_terms

    def polynomials(degrees: tuple[int, ...]) -> int:
        return len(indices(axes.shape[1], degrees, lowest(quadratic)).variables)

    ladder = Ladder(
        p.degree,
        min(p.order, axes.shape[1]),
        p.walkers,
        lambda degrees: polynomials(degrees) <= p.polynomials,
    )
    least, trail = np.inf, None
    while ladder.rung.walkers <= p.most_walkers:
        degrees, walkers = ladder.rung
        walkers = max(walkers, p.walkers_per_function * (polynomials(degrees) + quadratic * pairs))
        if trail is None or len(trail.x[0]) < walkers:
            trail = Trail(ground, p.stretches, walkers, p.step_share, p.max_steps, rng)
        span = span_of(np.concatenate([coordinates.places(x) for x in trail.x]), axes)
        sweep = TiltSweep(ground, family(span, degrees, quadratic, not ground.start.exact), trail)
        better = False
        try:
            for _ in sweep.run():
                yield answer()
            better = sweep.residual < least
        except Lost:
            reports["lost"] += 1.0
        if better:
            least = sweep.residual
            state = State(state.times, gaussians, sweep.functions, tuple(sweep.thetas))
            reports |= {"residual": least, "degree": float(degrees[0]), "order": float(len(degrees))}
            yield answer()
            if least < EXACT:
                return
        ladder.climb(better)
