"""The Fokker-Planck equation, written once for every law in closed form."""

import numpy as np
import pytest


def residual(log_p, problem, x, t):
    """What is out of balance in the equation for l = log p at (n, d) points, in shares of its terms' sizes.

    dl/dt = -div b - b . grad l + sum_ij [d_i d_j D_ij + 2 d_i D_ij d_j l + D_ij (d_i d_j l + d_i l d_j l)]
    """
    jax = pytest.importorskip("jax")
    jnp = jax.numpy

    def terms(y):
        slope, bend = jax.grad(log_p)(y, t), jax.hessian(log_p)(y, t)
        drift = lambda z: problem.drift(z[None], t)[0]  # noqa: E731
        noise = lambda z: problem.diffusion_matrix(z[None], t)[0]  # noqa: E731
        first, second = jax.jacfwd(noise)(y), jax.jacfwd(jax.jacfwd(noise))(y)
        return jnp.stack(
            [
                -jax.grad(log_p, argnums=1)(y, t),
                -jnp.trace(jax.jacfwd(drift)(y)),
                -drift(y) @ slope,
                jnp.einsum("ijij", second),
                2.0 * jnp.einsum("iji,j", first, slope),
                jnp.sum(noise(y) * bend),
                slope @ noise(y) @ slope,
            ]
        )

    with jax.enable_x64(True):
        values = np.asarray(jax.jit(jax.vmap(terms))(jnp.asarray(x)))
    return np.abs(values.sum(1)) / np.abs(values).sum(1)


@pytest.fixture(scope="session")
def equation_residual():
    """residual(log_p, problem, x, t) with log_p(y (d,), s) a function in jax; every derivative by jax."""
    return residual
