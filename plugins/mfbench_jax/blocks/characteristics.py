"""Characteristics of a Fokker-Planck equation written as a transport equation, dp/dt = -div(v p),

    dx/dt = v = b - c - D s,   c_i = sum_j d_j D_ij,   s = grad log p            (Boffi, Vanden-Eijnden, equation 4).

Along them, for whatever field stands in v in the place of s,

    d/dt log p(x, t) = -div v,     d/dt grad log p = -(dv/dx)^T grad log p - grad div v,

p the law that this v makes of the law at t = 0. With a score s of `score_model.py`, f = b - c and y = grad log p carried,

    div v = div f - c . s - D : ds/dx,
    d/dt y = -grad_x [f . y + div f - c . s - D : S - y . D s] + (ds/dx)^T (c + D y) + D : grad ds/dx

with s and S = ds/dx held fixed in the bracket: only the given functions are differentiated automatically. The part of the
score that follows guides, L^-T G g(x, t), counts as given: it goes into f as -D L^-T G g. Guides are the score at rest that
the process would have in detailed balance, D^-1 (b - c), or b where D is degenerate, and that of the start unless it is a
Gaussian's. Where particles interact, b contains the mean force of masses at given places.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from mfbench.tasks.transient import TransientProblem

from . import score_model
from .score_model import Score


class Rates(NamedTuple):
    """At points: v (n, d), div v (n,), d/dt grad log p (n, d), and D as a number () or (n, d, d)."""

    velocity: jax.Array
    divergence: jax.Array
    turning: jax.Array
    noise: jax.Array


class Characteristics:
    """Rates of change along characteristics; functions of arrays, for jax to compile.

    Args:
        problem: gives drift, noise and perhaps an interaction.
        bodies: N of the score.
        regular: whether D has an inverse everywhere.
        shaped: whether the start's score is a guide.
    """

    def __init__(self, problem: TransientProblem, bodies: int, regular: bool, shaped: bool) -> None:
        self.problem, self.bodies = problem, bodies
        self._regular, self._shaped = regular, shaped

    def guide(self, z: jax.Array, t: jax.Array, sources: jax.Array) -> jax.Array:
        """g at one point (d,), by bodies, (N, r)."""
        rest = self.problem.drift_among(z[None], t, sources)[0]
        if self.problem.amplitude is not None and self._regular:
            noise = self.problem.diffusion_matrix(z[None], t)[0]
            rest = jnp.linalg.solve(noise, rest - self._bent(z, t))
        found = [rest.reshape(self.bodies, -1)]
        if self._shaped:
            start = jax.grad(lambda z: self.problem.initial_log_density(z[None])[0])(z)
            found.append(start.reshape(self.bodies, -1))
        return jnp.concatenate(found, axis=1)

    def guides(self, x: jax.Array, t: jax.Array, sources: jax.Array) -> jax.Array:
        """g at points (n, d), (n, N, r)."""
        return jax.vmap(lambda z: self.guide(z, t, sources))(x)

    def slopes(self, x: jax.Array, t: jax.Array, sources: jax.Array) -> jax.Array:
        """The mean over points (n, d) and bodies of dg by a body's own coordinates, (r, d1)."""
        one = jax.vmap(jax.jacfwd(lambda z: self.guide(z, t, sources)))(x)
        blocks = jnp.mean(one, axis=0).reshape(self.bodies, one.shape[2], self.bodies, -1)
        return jnp.mean(jnp.einsum("irib->irb", blocks), axis=0)

    def score(self, score: Score, x: jax.Array, t: jax.Array, sources: jax.Array) -> jax.Array:
        """s with its guided part at points, both (n, d)."""
        along = self.guides(x, t, sources) @ (score.guided @ score.inverse)
        return score_model.values(score, x, self.bodies) + along.reshape(x.shape)

    def flow(
        self, score: Score, x: jax.Array, t: jax.Array, sources: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """v (n, d) and div v (n,) at x (n, d) among masses at `sources` (m, d)."""
        whole = jnp.eye(self.problem.dim)

        def alone(z: jax.Array) -> tuple[jax.Array, jax.Array]:
            at = score_model.jet(score, z, self.bodies)
            y = jnp.zeros_like(z)
            return self._bracket(score, z, y, at, self._slope(at), t, sources, whole)[1][:2]

        return jax.vmap(alone)(x)

    def rates(
        self, score: Score, x: jax.Array, y: jax.Array, t: jax.Array, sources: jax.Array, basis: jax.Array
    ) -> Rates:
        """At x with grad log p = y, both (n, d).

        Args:
            basis: (k, d) orthonormal; k = d, or fewer directions that stand for all in div f.
        """

        def alone(z: jax.Array, y: jax.Array) -> Rates:
            at = score_model.jet(score, z, self.bodies)
            slope = self._slope(at)

            def bracket(z: jax.Array) -> tuple[jax.Array, tuple[jax.Array, ...]]:
                return self._bracket(score, z, y, at, slope, t, sources, basis)

            gradient, (v, divergence, noise, bent) = jax.grad(bracket, has_aux=True)(z)
            along = noise * y if noise.ndim == 0 else noise @ y
            turning = -gradient + score_model.pulled(at, bent + along)
            return Rates(v, divergence, turning + score_model.contracted(at, noise)[1], noise)

        found = jax.vmap(alone)(x, y)
        return found if self.problem.amplitude is not None else found._replace(noise=found.noise[0])

    def _slope(self, at: score_model.Jet) -> jax.Array | None:
        """S; not needed where D is a number."""
        return None if self.problem.amplitude is None else score_model.jacobian(at)

    def _bracket(
        self,
        score: Score,
        z: jax.Array,
        y: jax.Array,
        at: score_model.Jet,
        slope: jax.Array | None,
        t: jax.Array,
        sources: jax.Array,
        basis: jax.Array,
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array, jax.Array, jax.Array]]:
        """The bracket, and v, div v, D and c, at one point z (d,)."""

        guided = score.guided @ score.inverse

        def given(z: jax.Array) -> jax.Array:
            drift = self.problem.drift_among(z[None], t, sources)[0] - self._bent(z, t)
            if not len(guided):
                return drift
            along = (self.guide(z, t, sources) @ guided).reshape(-1)
            if self.problem.amplitude is None:
                return drift - self.problem.diffusion * along
            return drift - self.problem.diffusion_matrix(z[None], t)[0] @ along

        f, along = jax.vmap(lambda e: jax.jvp(given, (z,), (e,)), out_axes=(None, 0))(basis)
        divergence = jnp.sum(basis * along) * (len(z) / len(basis))
        bent = self._bent(z, t)
        if slope is None:
            noise = jnp.asarray(self.problem.diffusion)
            trace = score_model.contracted(at, noise)[0]
            velocity = f - noise * at.value
            return jnp.dot(f, y) + divergence, (velocity, divergence - trace, noise, bent)
        noise = self.problem.diffusion_matrix(z[None], t)[0]
        spread = noise @ at.value
        total = divergence - jnp.dot(bent, at.value) - jnp.sum(noise * slope)
        return jnp.dot(f, y) + total - jnp.dot(y, spread), (f - spread, total, noise, bent)

    def _bent(self, z: jax.Array, t: jax.Array) -> jax.Array:
        """c (d,)."""
        if self.problem.amplitude is None:
            return jnp.zeros_like(z)
        return jnp.einsum("ijj->i", jax.jacfwd(lambda z: self.problem.diffusion_matrix(z[None], t)[0])(z))
