"""The three-spin function and the ReLU teacher: moments in closed form against samples and a second formula."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import kstest

from mfbench_regression import relu_teacher, three_spin
from mfbench_regression.entries.relu_teacher import ReluTeacherParameters
from mfbench_regression.entries.three_spin import THREE_SPIN, ThreeSpinParameters
from mfbench_regression.spheres import mean_square_of_cubic, on_sphere


@pytest.mark.parametrize("dim", [5, 10, 25])
def test_the_target_is_the_triple_sum(dim):
    problem = three_spin.build(ThreeSpinParameters(dim=dim), 7)
    x, y = problem.sample(np.random.default_rng(0).standard_normal((20, dim)))
    a = np.random.default_rng(7).standard_normal((dim, dim, dim))
    np.testing.assert_allclose(y, np.einsum("pqr,np,nq,nr->n", a, x, x, x) / dim, atol=1e-11)
    np.testing.assert_allclose(np.sum(x**2, axis=1), dim, rtol=1e-12)


def test_a_numbered_tensor_is_that_of_every_repetition():
    noise = np.random.default_rng(0).standard_normal((20, 5))
    first, again, other = (
        three_spin.build(ThreeSpinParameters(tensor=number), seed).sample(noise)[1]
        for number, seed in ((1, 7), (1, 8), (2, 7))
    )
    np.testing.assert_array_equal(first, again)
    assert np.max(np.abs(first - other)) > 0.1
    judge = three_spin.judge(ThreeSpinParameters(tensor=1), 9)
    np.testing.assert_array_equal(judge.f, three_spin.judge(ThreeSpinParameters(tensor=1), 7).f)
    assert "rotated" not in THREE_SPIN.facts(ThreeSpinParameters(tensor=1)).flags
    with pytest.raises(ValueError, match="tensor is -1; expected a whole number >= 0"):
        ThreeSpinParameters(tensor=-1)


def test_fluctuations_at_the_start():
    """n Var f_n = E c^2 phi^2 = E s(g)^2 with g ~ N(0, 5), which Gauss and Hermite have; at every width.

    400 starts in some four dimensions of functions err by 3.5 %; 4.5 of that.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    exact = np.sum(weight / (1.0 + np.exp(-math.sqrt(5.0) * node)) ** 2) / math.sqrt(2.0 * math.pi)
    problem, rng = three_spin.build(ThreeSpinParameters(), 1), np.random.default_rng(2)
    x = three_spin.judge(ThreeSpinParameters(), 1).x[:200]
    for n in (8, 32):
        starts = (problem.initial(rng, n) for _ in range(400))
        f = np.array([problem.unit(x, z) @ c / n for c, z in starts])
        assert n * np.mean(np.var(f, axis=0, ddof=1)) == pytest.approx(exact, rel=0.16)


def test_the_mean_square_of_a_cubic_by_pairings():
    """The formula's 6 and 9 against the fifteen pairings one by one, in three dimensions."""
    t = np.random.default_rng(1).standard_normal((3, 3, 3))

    def pairings(left):
        if not left:
            yield ()
        for other in left[1:]:
            rest = [one for one in left[1:] if one != other]
            yield from ((*pairs, (left[0], other)) for pairs in pairings(rest))

    total = 0.0
    for pairs in pairings(list(range(6))):
        names = [""] * 6
        for letter, (one, two) in zip("abc", pairs, strict=True):
            names[one] = names[two] = letter
        total += np.einsum(f"{''.join(names[:3])},{''.join(names[3:])}->", t, t)
    assert len(list(pairings(list(range(6))))) == 15
    assert mean_square_of_cubic(t) == pytest.approx(total / (3 * 5 * 7), rel=1e-12)


@pytest.mark.parametrize("dim", [5, 25])
def test_the_judges_mean_square_is_the_exact_one(dim):
    """4.5 standard errors: a false alarm of 7e-6."""
    judge = three_spin.judge(ThreeSpinParameters(dim=dim), 4)
    tensor = three_spin.tensor_of(ThreeSpinParameters(dim=dim), 4)
    exact = dim * mean_square_of_cubic(tensor)  # x = d^.5 u and 1/d: d^3 / d^2
    squares = judge.f**2
    assert np.mean(squares) == pytest.approx(exact, abs=4.5 * np.std(squares) / len(squares) ** 0.5)


def test_samples_are_uniform_on_the_sphere():
    """In three dimensions a coordinate is uniform (Archimedes)."""
    x = on_sphere(np.random.default_rng(3).standard_normal((5000, 3)))
    for axis in range(3):
        assert kstest((x[:, axis] + 1) / 2, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("unit", ["sigmoid", "relu", "gaussian"])
def test_units_are_the_functions_of_their_names(unit):
    problem = three_spin.build(ThreeSpinParameters(dim=6, unit=unit), 0)
    rng = np.random.default_rng(0)
    x, _ = problem.sample(rng.standard_normal((5, 6)))
    _, z = problem.initial(rng, 4)
    for (i, point), (j, one) in itertools.product(enumerate(x), enumerate(z)):
        if unit == "gaussian":
            expected = math.exp(-(5 / 6) * np.sum((point - one) ** 2) / 2)
        else:
            total = point @ one[:-1] + one[-1]
            expected = max(total, 0.0) if unit == "relu" else 1 / (1 + math.exp(-total))
        assert problem.unit(x, z)[i, j] == pytest.approx(expected, rel=1e-12, abs=1e-14)


def arccosine(w, v):
    """E max(w . g, 0) max(v . g, 0), g standard normal (Cho, Saul 2009, order 1)."""
    a, b = np.linalg.norm(w), np.linalg.norm(v)
    angle = math.acos(np.clip(w @ v / (a * b), -1, 1))
    return a * b * (math.sin(angle) + (math.pi - angle) * math.cos(angle)) / (2 * math.pi)


def test_the_teachers_mean_square_is_that_of_the_arccosine_kernel():
    """Homogeneous units: on the unit sphere everything is 1/d of its Gaussian mean. 4.5 standard errors."""
    parameters = ReluTeacherParameters()
    signs, w = relu_teacher.teacher(parameters, 5)
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), 1.0, rtol=1e-12)
    assert sum(signs) == 0
    pairs = itertools.product(range(10), repeat=2)
    exact = sum(signs[i] * signs[j] * arccosine(w[i], w[j]) for i, j in pairs) / 50
    squares = relu_teacher.judge(parameters, 5).f ** 2
    assert np.mean(squares) == pytest.approx(exact, abs=4.5 * np.std(squares) / len(squares) ** 0.5)


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="dim is 1; expected a whole number >= 2"):
        ThreeSpinParameters(dim=1)
    with pytest.raises(ValueError, match="unit is 'tanh'; expected one of sigmoid, relu, gaussian"):
        ThreeSpinParameters(unit="tanh")
    with pytest.raises(ValueError, match="teachers is 0"):
        ReluTeacherParameters(teachers=0)
