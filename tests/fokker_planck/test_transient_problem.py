"""What a time-dependent problem refuses, and its noise in both forms."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mfbench.tasks.transient import TransientProblem


def problem(**changes):
    given = {
        "dim": 2,
        "drift": lambda x, t: -x,
        "diffusion": 0.5,
        "initial_log_density": lambda x: -0.5 * (x * x).sum(1) - math.log(2 * math.pi),
        "initial_draw": lambda rng, n: rng.standard_normal((n, 2)),
        "horizon": 1.0,
        "times": (0.5, 1.0),
        "box": np.array([[-5.0, -5.0], [5.0, 5.0]]),
    }
    return TransientProblem(**given | changes)


def sheared(x, t):
    """sigma = [[1, x_1], [0, 1 + t]]."""
    sigma = np.zeros((len(x), 2, 2))
    sigma[:, 0, 0], sigma[:, 0, 1], sigma[:, 1, 1] = 1.0, x[:, 0], 1.0 + t
    return sigma


def test_noise_of_one_strength_is_a_multiple_of_the_identity():
    one = problem()
    x = np.random.default_rng(0).standard_normal((5, 2))
    assert one.noise_dim == 2
    np.testing.assert_allclose(one.diffusion_matrix(x, 0.0), np.tile(0.5 * np.eye(2), (5, 1, 1)))
    np.testing.assert_allclose(one.shock(x, 0.0, x), x)


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_noise_by_an_amplitude(library):
    """The covariance of shocks is 2 D, in every framework."""
    module = np if library == "numpy" else pytest.importorskip(library if library == "torch" else "jax.numpy")
    asarray = module.tensor if library == "torch" else module.asarray

    def amplitude(x, t):
        return asarray(sheared(np.asarray(x), t))

    one = problem(diffusion=None, amplitude=sheared)
    x, noise = np.array([[0.3, -1.0]] * 3), np.random.default_rng(1).standard_normal((3, 2))
    expected = np.einsum("nij,nj->ni", sheared(x, 0.5), noise)
    # Past the constructor, which tries functions on numpy arrays.
    object.__setattr__(one, "amplitude", amplitude)
    shocks = one.shock(asarray(x), 0.5, asarray(noise))
    np.testing.assert_allclose(np.asarray(shocks), expected, rtol=1e-6)
    matrix = np.asarray(one.diffusion_matrix(asarray(x), 0.5))
    np.testing.assert_allclose(2 * matrix[0], sheared(x, 0.5)[0] @ sheared(x, 0.5)[0].T, rtol=1e-6)


def test_degenerate_noise_has_fewer_columns():
    one = problem(diffusion=None, amplitude=lambda x, t: np.tile([[1.0], [0.0]], (len(x), 1, 1)))
    assert one.noise_dim == 1
    assert np.linalg.matrix_rank(one.diffusion_matrix(np.zeros((1, 2)), 0.0)[0]) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"diffusion": None}, "expected a diffusion or an amplitude"),
        ({"amplitude": sheared}, "and not both"),
        ({"diffusion": 0.0}, "diffusion is 0.0; expected a finite number > 0"),
        ({"times": ()}, "expected at least one"),
        ({"times": (0.0, 1.0)}, "above 0"),
        ({"times": (0.5, 0.5)}, "increasing"),
        ({"times": (0.5, 2.0)}, "at most the horizon"),
        ({"times": (math.nan,)}, "increasing"),
        ({"box": np.zeros((2, 3))}, "box has shape"),
        ({"box": np.array([[1.0, 1.0], [-1.0, -1.0]])}, "box is .* expected a finite lower corner"),
        ({"particles": (3, 1)}, "expected \\(N, d1\\) with N d1 = 2"),
        ({"drift": lambda x, t: x[:, :1]}, "drift\\(x, 0\\) gave shape \\(8, 1\\)"),
        ({"drift": lambda x, t: x / (1.0 - t) if t < 1 else x * np.nan}, "drift\\(x, 1\\) gave shape"),
        (
            {"drift": lambda x, t: np.zeros((8, 2))},
            "drift\\(x, 0\\) gave shape \\(8, 2\\).*expected \\(4, 2\\)",
        ),
        ({"initial_draw": lambda rng, n: rng.standard_normal((8, 2))}, "initial_draw\\(rng, 4\\) gave shape"),
        ({"initial_draw": lambda rng, n: rng.standard_normal(n)}, "initial_draw"),
        ({"initial_log_density": lambda x: x}, "initial_log_density"),
        ({"diffusion": None, "amplitude": lambda x, t: x}, "amplitude\\(x, 0\\) gave shape"),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        problem(**changes)


def test_a_problem_can_be_remade_with_counted_functions():
    assert replace(problem(), drift=lambda x, t: x).drift(np.ones((1, 2)), 0.0)[0, 0] == 1.0
