"""What the tests of the jax solvers share."""

import jax
import pytest

from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters


@pytest.fixture(scope="module", autouse=True)
def double_precision():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


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
