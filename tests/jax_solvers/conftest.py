"""What the tests of the jax solvers share."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from mfbench.tasks.committor import CommittorProblem
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters


@pytest.fixture(scope="module", autouse=True)
def _everywhere(double_precision):
    """Whatever is tested here is tested in float64."""


@pytest.fixture(scope="module")
def instance():
    """The double well in the plane with its judge."""
    parameters = DoubleWellParameters(dim=2)
    return double_well.build(parameters, seed=1), double_well.judge(parameters, seed=1)


@pytest.fixture(scope="session")
def well():
    """The same at a temperature at which seconds of training suffice."""
    parameters = DoubleWellParameters(dim=2, temperature=0.3)
    return double_well.build(parameters, seed=3), double_well.judge(parameters, seed=3)


@pytest.fixture(scope="session")
def windy():
    """V = x2^2 / 2, c = (.8, 0), beta = 2 between the planes x1 = -1 and 1: nothing is reversible, and q is closed.

    Has `problem` and `committor`, q = (1 - e^{-w (1 + x1)}) / (1 - e^{-2 w}) with w = 1.6.
    """
    beta, wind = 2.0, 0.8
    problem = CommittorProblem(
        dim=2,
        beta=beta,
        potential=lambda x: 0.5 * jnp.asarray(x)[:, 1] ** 2,
        boundary_a=lambda x: (x[:, 0] + 1.0) * (2.0 + x[:, 1] ** 2),
        boundary_b=lambda x: 1.0 - x[:, 0],
        start_a=np.array([[-1.1, 0.2], [-1.2, -0.3]]),
        start_b=np.array([[1.1, 0.1], [1.2, -0.2]]),
        box=np.array([[-4.0, -4.0], [4.0, 4.0]]),
        circulation=lambda x: jnp.asarray([wind, 0.0], jnp.asarray(x).dtype) + 0.0 * jnp.asarray(x),
    )

    def committor(x):
        w = beta * wind
        return -jnp.expm1(-w * (1.0 + x[..., 0])) / -jnp.expm1(-2.0 * w)

    return SimpleNamespace(problem=problem, committor=committor)
