"""Where walkers start and how far from the straight way they cross: exact cases of what `failure` studies rest on."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks import running
from mfbench_jax.blocks.departure import on_line
from mfbench_jax.blocks.detour import slab_detour
from mfbench_jax.is_sgd_entry import ImportanceSampling


def test_a_line_is_straight_and_its_walkers_at_equal_distances():
    rng = np.random.default_rng(0)
    start_a, start_b = rng.standard_normal((2, 5, 3)) + np.array([[[-4.0]], [[4.0]]])
    x = on_line(rng, start_a, start_b, 7, 6)
    assert x.shape == (7, 6, 3)
    for line in x:
        assert any(np.array_equal(line[0], point) for point in start_a)
        assert any(np.allclose(line[-1], point, atol=1e-14) for point in start_b)
        assert np.diff(line, axis=0) == pytest.approx(np.tile((line[-1] - line[0]) / 5, (5, 1)))


def test_detour_is_that_of_walkers_between_the_levels():
    """At distances 0 and 3 from a line of length 2, beside others whose logits lie beyond log(7 / 3) = .847."""
    x = jnp.array([[[0.7, 0.7], [3.0, -3.0], [50.0, 1.0]], [[9.0, -9.0], [-7.0, 2.0], [0.0, 8.0]]])
    x = x * jnp.array([1.0, 1.0]) / np.sqrt(2.0)
    logit = jnp.array([[0.0, -0.84, 0.85], [-0.85, 30.0, -30.0]])
    line = np.array([[0.0, 0.0], [np.sqrt(2.0), np.sqrt(2.0)]])
    assert float(slab_detour(x, logit, *line)) == pytest.approx(3.0 / np.sqrt(2.0) / 2.0)
    assert float(slab_detour(x, jnp.full((2, 3), 5.0), *line)) == 0.0


def test_without_memory_the_last_look_is_all():
    old, new = running.nothing(2, 3), running.nothing(2, 3)
    new = new._replace(inverse=new.inverse * 4.0)
    for step in (0, 1, 1000):
        seen = running.updated(old, new, jnp.asarray(step), 0)
        assert np.array_equal(seen.inverse, new.inverse)
    assert np.all(running.updated(old, new, jnp.asarray(9), 50).inverse < 4.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"updates": 6}, "expected a multiple of 4"),
        ({"start": "a"}, "expected one of sets, line"),
        ({"memory": -1}, "memory"),
    ],
)
def test_options_that_mean_nothing_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        ImportanceSampling(**given)
