"""`particle-sgd` for stationary laws: the variational form of their equation over a mean-field network, by plain SGD.

Among all functions u, log p has the least

    L(u) = E_p |D grad u - b|^2 / E_p |b|^2:

what is left of b there is the current over p, and E_p[(j / p) . grad phi] = 0 for every phi, since div j = 0. L is
convex in u and needs nothing but draws of p. Here, with z the standardised coordinates of walkers of the process,

    u = -|z|^2 / 2 + (1/n) sum_i c_i tanh(w_i . z + b_i),

and one update moves every particle by dt in particle time, theta_i <- theta_i - dt n grad_{theta_i} L, with no 1/n
in the step (Rotskoff, Vanden-Eijnden, arXiv 1805.00915). L is taken over walkers that move on between updates. It
knows no importance sampling: regions that walkers never see have no part in it, and the relative masses of modes that
they do not cross between are whatever the start points made them.
"""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem

from .blocks import network
from .blocks.fokker_planck_walkers import Pool
from .blocks.gaussian_mixture import Mixture, selected, widened
from .blocks.keys import root_key
from .blocks.log_density import standardised
from .blocks.mean_field import moved
from .blocks.network import Particles
from .blocks.normalisation import Normaliser
from .particle_density_entry import MeanFieldDensity

UPDATES = 25
"""Between two checkpoints."""
COMPONENTS, SWEEPS, WIDENING = 4, 30, 1.1
"""Of the mixture from which log Z is sampled: at most so many Gaussians, sweeps of the fit, factor of their covariances."""


def solve(
    problem: FokkerPlanckProblem, parameters: MeanFieldDensity, context: Context
) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the network as it stands, normalised.

    Reports "misfit", L over the last updates' walkers; "particle_time"; "steps"; "log_z_error".
    """
    jax.config.update("jax_enable_x64", True)
    p = parameters
    rng, rng_log_z = (np.random.default_rng(seed) for seed in np.random.SeedSequence(context.seed).spawn(2))
    pool = Pool(problem, p.walkers, hot_share=0.0, temperature=1.5, seed=int(rng.integers(2**31)))
    pool.burn_in(p.burn_in)
    standard = standardised(pool.x)

    def log_shape(units: Particles, x: jax.Array) -> jax.Array:
        z = (x - standard.centre) @ standard.root.T
        return -0.5 * jnp.sum(z**2, axis=1) + network.mean_field(units, z)

    @jax.jit
    def log_density(state: tuple[Particles, float], x: jax.Array) -> jax.Array:
        units, log_z = state
        return log_shape(units, jnp.asarray(x, units.c.dtype)) - log_z

    def misfit(units: Particles, x: jax.Array, unit: float) -> jax.Array:
        slope = jax.grad(lambda x: jnp.sum(log_shape(units, x)))(x)
        return jnp.mean(jnp.sum((problem.diffusion * slope - problem.drift(x, 0.0)) ** 2, axis=1)) / unit

    @jax.jit
    def update(units: Particles, x: jax.Array, unit: float) -> tuple[Particles, jax.Array]:
        value, slope = jax.value_and_grad(misfit)(units, x, unit)
        return moved(units, slope, p.step, p.particles), value

    gaussian = Mixture(np.ones(1), standard.centre[None], np.linalg.inv(standard.root)[None])
    proposals = [
        widened(mixture, WIDENING) for mixture in (gaussian, selected(pool.x, COMPONENTS, SWEEPS, rng))
    ]
    normaliser = Normaliser(jax.jit(log_shape), lambda units: proposals, rng_log_z)
    unit = float(np.mean(np.sum(np.asarray(problem.drift(pool.x, 0.0)) ** 2, axis=1)))
    units = network.particles(root_key(int(rng.integers(2**31))), problem.dim, p.particles, jnp.float64)
    evaluations, step, seen = p.walkers, 0, float("nan")
    while True:
        log_z = normaliser.log_z(units, step)
        reports = {"log_z_error": log_z.error, "particle_time": p.step * step, "steps": float(step)}
        yield Checkpoint(
            evaluate=log_density,
            state=(units, log_z.value),
            work={"evaluations": pool.evaluations + evaluations, "samples": p.walkers * step},
            reports=reports | ({"misfit": seen} if step else {}),
        )
        values = []
        for _ in range(UPDATES):
            pool.move(p.moves)
            units, value = update(units, pool.x, unit)
            values.append(value)
        step += UPDATES
        evaluations += UPDATES * p.walkers
        seen = float(np.mean(values))
