"""log p(x, t) of a time-dependent Fokker-Planck problem, u = Gaussian + tilt, by the Dirac-Frenkel principle.

1. Coordinates with noise of one strength, where there are any (`blocks/flat_coordinates.py`).
2. A Gaussian that follows the drift as fitted by a linear one at walkers, from the start's moments
   (`blocks/linear_flow.py`). Where start, drift and noise are a Gaussian's to rounding, this is the law, and the end.
3. Else sweeps over the horizon. The tilt w = u - g is a quadratic, the start's own shape, and polynomials along the axes
   in which drift or start bend (`blocks/tilts.py`, `blocks/bent_axes.py`); its parameters follow the equation by
   least squares at walkers of the time (`blocks/growth.py`, `blocks/dirac_frenkel.py`).
4. Every sweep has a higher degree; where that gains nothing, bounded functions in place of polynomials; then one more
   variable in each; then more walkers (`blocks/ladder.py`). A sweep is held while its residual, at walkers that it was
   not fitted to, integrated over time, is the least, the Gaussian's among them; at new walkers the held one is judged anew.
5. Walkers of their own (`blocks/census.py`) give what is held the mass 1, where it surely has another. Once a rung
   fails with either kind of functions, tilts are fitted to walkers at the times asked alone, by likelihood, without the
   equation: they cannot run away. The likelier answers.

In the family, and so found to the precision of the integrator: Gaussian laws, and whatever is the start's shape times
a Gaussian at all times. Others are approximated: to the walkers' statistical error, where the equation cannot be
followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.transient import TransientProblem, at_times

from .blocks.census import At, Census, likelier, normalised, tilted
from .blocks.dirac_frenkel import Lost
from .blocks.gaussian_mixture import Mixture
from .blocks.gaussian_mixture import log_density as gaussian_log_density
from .blocks.gaussian_start import as_mixture
from .blocks.ground import Ground
from .blocks.ladder import Ladder
from .blocks.legendre import indices
from .blocks.tilt_sweep import TiltSweep, Trail, unfollowed, unmoved
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


class Candidate(NamedTuple):
    """A state with what is reported of it, and its losses at the census, (n,)."""

    state: State
    reports: dict[str, float]
    losses: np.ndarray


def solve(
    problem: TransientProblem, parameters: GalerkinParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint for the Gaussian alone, then one per stretch of a sweep; the answer changes when a better one is found.

    Reports "bend" (of the drift, see `Ground`), "lost": sweeps whose parameters ran away, and of the answer "residual"
    (nats over the horizon), "degree", "order", "bounded" and "mass" (the largest logarithm that was taken off) if it
    is a sweep's, "snapshot" = 1 if it was fitted to walkers alone. Work counts evaluations of the drift. Ends by itself
    where the law is in the family.

    Raises:
        Diverged: walkers left the finite numbers, the drift is too stiff for them, or the Gaussian is lost.
    """
    jax.config.update("jax_enable_x64", True)
    p, rng = parameters, np.random.default_rng(context.seed)
    ground = Ground(problem, p.reduce, p.step_share, p.max_steps, rng)
    coordinates = ground.coordinates

    def of(state: State) -> At:
        def gaussian(number: int, x: np.ndarray) -> np.ndarray:
            y = coordinates.places(x)
            return gaussian_log_density(state.gaussians[number], y) + coordinates.log_volumes(x)

        return (
            gaussian if state.functions is None else tilted(gaussian, ground, state.functions, state.thetas)
        )

    def log_density(state: State, x: np.ndarray) -> np.ndarray:
        return at_times(x, state.times, of(state))

    gaussian = State(
        np.array(problem.times), tuple(as_mixture(ground.flow.at(t)) for t in problem.times), None, ()
    )
    state, reports, lost = gaussian, {}, 0

    def answer() -> Checkpoint:
        return Checkpoint(
            evaluate=log_density,
            state=state,
            work={"evaluations": ground.evaluations},
            reports={"bend": ground.bend, "lost": float(lost), **reports},
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
    trail, held, census, candidates = None, None, None, {}

    def judged(state: State, reports: dict[str, float]) -> Candidate:
        return Candidate(state, reports, census.losses(of(state)))

    while ladder.rung.walkers <= p.most_walkers:
        degrees, walkers, bounded = ladder.rung
        walkers = max(walkers, p.walkers_per_function * (polynomials(degrees) + quadratic * pairs))
        if trail is None or len(trail.x[0]) < walkers:
            trail = Trail(ground, p.stretches, walkers, p.step_share, p.max_steps, rng)
            span = span_of(np.concatenate([coordinates.places(x) for x in trail.x]), axes)
            least = (
                unmoved(ground, family(span, (1,), quadratic=False, shaped=False), trail)
                if held is None
                else unfollowed(ground, held.functions, held.steps, trail)
            )
        functions = family(span._replace(bounded=bounded), degrees, quadratic, not ground.start.exact)
        sweep = TiltSweep(ground, functions, trail)
        better = False
        try:
            for _ in sweep.run():
                yield answer()
                if not sweep.residual < least:
                    break
            else:
                better = True
        except Lost:
            lost += 1
        if better:
            held, least = sweep, sweep.residual
            told = {
                "residual": float(least),
                "degree": float(max(degrees)),
                "order": float(len(degrees)),
                "bounded": float(bounded),
            }
            found = State(gaussian.times, gaussian.gaussians, sweep.functions, sweep.thetas)
            if least < EXACT:
                state, reports = found, told
                yield answer()
                return
        if census is None and (better or bounded):
            census = Census(ground, axes, p.census, p.step_share, p.max_steps, rng)
            yield answer()
            candidates["gaussian"] = judged(gaussian, {})
        if better:
            thetas = normalised(found.thetas, census.masses(of(found)))
            told["mass"] = float(
                max(abs(before[0] - now[0]) for before, now in zip(found.thetas, thetas, strict=True))
            )
            found = found._replace(thetas=thetas)
            candidates["sweep"] = judged(found, told)
        elif bounded and "snapshot" not in candidates:
            functions, thetas = census.snapshots(of(gaussian), quadratic, p.polynomials)
            found = State(gaussian.times, gaussian.gaussians, functions, thetas)
            candidates["snapshot"] = judged(found, {"snapshot": 1.0})
        if candidates:
            state, reports = chosen(candidates)
            yield answer()
        ladder.climb(better)


def chosen(candidates: dict[str, Candidate]) -> tuple[State, dict[str, float]]:
    """The sweep, which follows the equation, or else the Gaussian, unless the walkers find another far likelier."""
    best = candidates.get("sweep", candidates["gaussian"])
    for other in candidates.values():
        if likelier(other.losses, best.losses):
            best = other
    return best.state, best.reports
