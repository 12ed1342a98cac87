"""The jackknife over ladders: what it is by its definition, for numpy and jax."""

import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks import running
from mfbench_jax.blocks.jackknife import shares, spread


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_of_a_mean_it_is_the_standard_error(xp):
    x = np.random.default_rng(0).normal(size=(7, 3))
    found = spread(xp.asarray(shares(7) @ x))
    np.testing.assert_allclose(found, np.std(x, axis=0, ddof=1) / np.sqrt(7), rtol=1e-12)


def test_of_a_ratio_it_is_that_of_leaving_out():
    rng = np.random.default_rng(1)
    a, b = rng.uniform(1, 2, 9), rng.uniform(1, 2, 9)
    means = shares(9) @ np.stack([a, b], axis=1)
    direct = np.array([np.delete(a, i).mean() / np.delete(b, i).mean() for i in range(9)])
    expected = np.sqrt(8 / 9 * np.sum((direct - direct.mean()) ** 2))
    np.testing.assert_allclose(spread(means[:, 0] / means[:, 1]), expected, rtol=1e-12)


def seen(overlap, energy=1.0):
    """Two windows of three ladders with one overlap, and as much energy between all levels."""
    matrix = jnp.asarray([[1.0 - overlap, overlap], [overlap, 1.0 - overlap]])
    nothing = running.nothing(3, 2)
    return nothing._replace(overlap=jnp.tile(matrix, (3, 1, 1)), energy=jnp.full_like(nothing.energy, energy))


def test_no_rate_is_told_where_windows_have_never_met():
    told = running.told(running.reports(seen(0.2), 1.0))
    rates = {"rate", "rate_error", "rate_sampling_error", "rate_dirichlet", "rate_dirichlet_error"}
    assert set(told) == rates | {"window_overlap"}
    assert told["rate"] > 0.0
    differ = told["rate"] - told["rate_dirichlet"]
    assert abs(differ) > 0.1 * told["rate"]
    assert told["rate_error"] == pytest.approx(np.hypot(told["rate_sampling_error"], differ))
    assert running.told(running.reports(seen(1e-13), 1.0)) == {"window_overlap": pytest.approx(1e-13)}


def test_a_slab_in_which_nobody_has_been_tells_no_rate():
    assert running.told(running.reports(seen(0.2, energy=0.0), 1.0)).keys() == {"window_overlap"}
