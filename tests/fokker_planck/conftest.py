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


def stationary_residual(log_p, problem, points):
    """What is out of balance in the stationary equation for l = log p, in shares of its terms' sizes, (n,).

    -div b - b . grad l + sum_ij D_ij (d_i d_j l + d_i l d_j l) at points (n, d), every derivative by torch; log_p takes one
    point.
    """
    torch = pytest.importorskip("torch")
    noise = torch.tensor(problem.sigma @ problem.sigma.T / 2.0)

    def terms(x):
        score = torch.func.grad(log_p)(x)
        drift = problem.drift(x[None], 0.0)[0]
        divergence = torch.trace(torch.func.jacrev(lambda y: problem.drift(y[None], 0.0)[0])(x))
        laplacian = torch.sum(noise * torch.func.jacrev(torch.func.grad(log_p))(x))
        return torch.stack([-divergence, -drift @ score, laplacian, score @ noise @ score])

    values = torch.func.vmap(terms)(torch.tensor(points)).numpy()
    return np.abs(values.sum(1)) / np.abs(values).sum(1)


@pytest.fixture(scope="session")
def at_rest():
    """at_rest(log_p, problem, points): the residual of the stationary equation, with log_p(x (d,)) in torch."""
    return stationary_residual


def moments_near(law, t):
    """The Gaussian log-density in jax, with moments as their Taylor polynomial at t by the moment equations."""
    jnp = pytest.importorskip("jax").numpy
    mean, covariance = law.moments(t)
    force = law.forcing.at(t, np.zeros(1))
    noise = law.noise + (0 if law.noise_slope is None else t * law.noise_slope)
    flow = law.matrix @ mean + force
    change = law.matrix @ covariance + covariance @ law.matrix.T + noise @ noise.T

    def log_p(y, s):
        m = mean + (s - t) * flow
        c = covariance + (s - t) * change
        away = y - m
        return -(away @ jnp.linalg.solve(c, away) + jnp.linalg.slogdet(2 * jnp.pi * c)[1]) / 2

    return log_p


@pytest.fixture(scope="session")
def gaussian_near():
    """gaussian_near(linear_law, t) is log p(y (d,), s) for s near t, as a function in jax."""
    return moments_near


@pytest.fixture
def made_anew(tmp_path):
    """made_anew(stem): the arrays of a stored reference as the command makes them now; minutes."""
    from click.testing import CliRunner

    from mfbench_fokker_planck.references.__main__ import main

    def arrays(stem):
        done = CliRunner().invoke(main, ["--into", str(tmp_path), stem])
        assert done.exit_code == 0, done.output
        with np.load(tmp_path / f"{stem}.npz", allow_pickle=False) as new:
            return dict(new)

    return arrays
