"""`particles-at-rest`: one system of walkers of a stationary problem, run ever longer, and a density of it: the baseline.

1. Walkers at the start points, equally many at each. The time step is `step_share` over the norm of the drift's Jacobian
   where walkers are, which is looked at again before every round.
2. Rounds, each twice as long as the last: what came before is burn-in, so that half of all time is.
3. After a round the mixture of Gaussians, of as many as before or twice as many, that snapshots not fitted to find likeliest
   (`blocks/mixture_choice.py`).

Where particles interact, all walkers are one system (`blocks/partners.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context, Diverged
from mfbench.tasks.fokker_planck import FokkerPlanckProblem

from .blocks.gaussian_mixture import log_density
from .blocks.keys import root_key
from .blocks.mixture_choice import Choice
from .blocks.partners import sampled_force
from .particles_at_rest_entry import ParticlesAtRestParameters

PROBES = 200
QUANTILE = 0.9
"""Of the Jacobian's norm over walkers: single ones far out do not rule the step."""


def solve(
    problem: FokkerPlanckProblem, parameters: ParticlesAtRestParameters, context: Context
) -> Iterator[Checkpoint]:
    """A new density per round; the last one is yielded at every snapshot meanwhile. Never ends by itself.

    Reports "time" that the system has run, "components" and "step". Work counts evaluations of the drift.

    Raises:
        Diverged: walkers left the finite numbers.
    """
    jax.config.update("jax_enable_x64", True)
    p, rng = parameters, np.random.default_rng(context.seed)
    system = System(problem, p.walkers, context.seed)
    choice, rounds, checkpoint = Choice(p.components, None, rng), 0, None
    while True:
        step = system.stable_step(p.step_share)
        length = max(1, round(2**rounds / (p.step_share * p.snapshots)))
        snapshots = []
        for _ in range(p.snapshots):
            snapshots.append(system.walk(step, length))
            if checkpoint is not None:
                yield replace(checkpoint, work={"evaluations": system.evaluations, "samples": p.walkers})
        rounds += 1
        seen = np.concatenate(snapshots)
        if len(seen) > p.keep:
            seen = seen[rng.permutation(len(seen))[: p.keep]]
        mixture = choice.best(seen)
        checkpoint = Checkpoint(
            evaluate=log_density,
            state=mixture,
            work={"evaluations": system.evaluations, "samples": p.walkers},
            reports={"time": system.time, "components": float(len(mixture.shares)), "step": step},
        )
        yield checkpoint


class System:
    """Walkers by Euler-Maruyama, from the start points on.

    Args:
        problem: gives drift, D, start points and perhaps an interaction.
        walkers: n.
        seed: of all their noise.

    Attributes:
        evaluations: points at which the drift was evaluated; a derivative counts d.
        time: since the start.
    """

    def __init__(self, problem: FokkerPlanckProblem, walkers: int, seed: int) -> None:
        self.problem, self.evaluations, self.time, self._moves = problem, 0, 0.0, 0
        self._x = np.asarray(problem.start)[np.arange(walkers) % len(problem.start)]

        @jax.jit
        def walk(moves: int, x: jax.Array, dt: float, steps: int) -> jax.Array:
            key = jax.random.fold_in(root_key(seed), moves)

            def move(number: int, x: jax.Array) -> jax.Array:
                here = jax.random.fold_in(key, number)
                drift = problem.drift(x, 0.0)
                if problem.interaction is not None:
                    drift = drift + sampled_force(problem.interaction, x, jax.random.fold_in(here, 1))
                noise = jax.random.normal(here, x.shape, x.dtype)
                return x + dt * drift + jnp.sqrt(2.0 * problem.diffusion * dt) * noise

            return jax.lax.fori_loop(0, steps, move, x)

        def jacobian(x: jax.Array, other: jax.Array) -> jax.Array:
            return jax.jacfwd(lambda y: problem.drift_among(y[None], 0.0, other[None])[0])(x)

        self._walk, self._jacobians = walk, jax.jit(jax.vmap(jacobian))

    def walk(self, step: float, steps: int) -> np.ndarray:
        """All walkers (n, d), so many steps later.

        Raises:
            Diverged: some left the finite numbers.
        """
        self._x = np.asarray(self._walk(self._moves, self._x, step, steps))
        self._moves += 1
        self.evaluations += steps * len(self._x)
        self.time += steps * step
        lost = int(np.count_nonzero(~np.all(np.isfinite(self._x), axis=1)))
        if lost:
            raise Diverged(
                f"particles-at-rest: {lost} of {len(self._x)} walkers are not finite at t = {self.time:.3g} with a time "
                f"step of {step:.3g}"
            )
        return self._x

    def stable_step(self, share: float) -> float:
        """share over the norm of the drift's Jacobian at some walkers, or over the rate of diffusion across the box."""
        probes = self._x[np.linspace(0, len(self._x) - 1, PROBES, dtype=int)]
        self.evaluations += self.problem.dim * PROBES
        jacobians = self._jacobians(probes, np.roll(probes, 1, axis=0))
        norms = np.linalg.norm(np.asarray(jacobians), ord=2, axis=(1, 2))
        slowest = self.problem.diffusion / float(np.max(np.ptp(self.problem.box, axis=0))) ** 2
        return share / max(float(np.quantile(norms, QUANTILE)), slowest)
