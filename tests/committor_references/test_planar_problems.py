"""The problems with planar references as solvers see them, and their judges."""

import math

import numpy as np
import pytest

from mfbench.frames import Frame
from mfbench.tasks.judging import Answers
from mfbench_committor import (
    double_well_balls,
    double_well_sublevel,
    face,
    mueller,
    rugged_mueller,
    triple_well,
    two_channel_quartic,
)
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.double_well_balls import DoubleWellBallsParameters
from mfbench_committor.entries.double_well_sublevel import DoubleWellSublevelParameters
from mfbench_committor.entries.face import FaceParameters
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.entries.rugged_mueller import RuggedMuellerParameters
from mfbench_committor.entries.triple_well import TripleWellParameters
from mfbench_committor.entries.two_channel_quartic import TwoChannelQuarticParameters

SEED = 5
CASES = {
    "mueller": (mueller, MuellerParameters()),
    "mueller-exact": (mueller, MuellerParameters(temperature=20.0, levels="exact")),
    "mueller-narrow": (mueller, MuellerParameters(discs="narrow")),
    "rugged-mueller": (rugged_mueller, RuggedMuellerParameters()),
    "double-well-balls": (double_well_balls, DoubleWellBallsParameters()),
    "double-well-balls-exact": (double_well_balls, DoubleWellBallsParameters(levels="exact")),
    "double-well-sublevel": (double_well_sublevel, DoubleWellSublevelParameters()),
    "double-well-sublevel-exact": (
        double_well_sublevel,
        DoubleWellSublevelParameters(beta=10.0, levels="exact"),
    ),
    "face": (face, FaceParameters()),
    "triple-well": (triple_well, TripleWellParameters()),
    "triple-well-hot": (triple_well, TripleWellParameters(beta=1.67, radius=0.5)),
    "two-channel-quartic": (two_channel_quartic, TwoChannelQuarticParameters()),
}
PLANES = (face, mueller, triple_well, two_channel_quartic)
"""Their plane is all there is."""
RADIAL = (double_well_balls, double_well_sublevel)
"""Their coordinates are x1 and the distance from its axis."""


@pytest.fixture(params=CASES, scope="module")
def case(request):
    module, parameters = CASES[request.param]
    return module, parameters, module.build(parameters, SEED), module.judge(parameters, SEED)


def formula(module, parameters, x, seed=SEED):
    """(n, d) points in the formula's coordinates."""
    if module in PLANES:
        return x
    return Frame(parameters.dim, repetition_seeds(seed).rotation).to_formula(x)


def reduced(module, y):
    """(n, 2) reduced coordinates of points in the formula's."""
    if module in RADIAL:
        return np.stack([y[:, 0], np.linalg.norm(y[:, 1:], axis=1)], axis=1)
    return y[:, :2]


def triple(x, y):
    bumps = ((3, 0, 1 / 3), (-3, 0, 5 / 3), (-5, 1, 0), (-5, -1, 0))
    value = sum(a * math.exp(-((x - b) ** 2) - (y - c) ** 2) for a, b, c in bumps)
    return value + 0.2 * (x**4 + (y - 1 / 3) ** 4)


def visage(x, y):
    f = (1 - x) ** 2 + (y - x * x / 4) ** 2 + 1
    g1 = -math.expm1(-((x + 3) ** 2 + (y - 3) ** 2) / 8)
    g2 = -math.expm1(-(x**2 + (y - 4.5) ** 2) / 4)
    g3 = 1.2 - math.exp(-2 * x * x - 2 * (y - 2) ** 2)
    a, b = x + 1.5, y - 3.5
    return f * g1 * g2 * g3 * (1 + math.exp(-2 * a * a - b * b - (a - 0.5) * b))


def quartic(x, y):
    """Expanded in powers of x and y."""
    square = x * x + y * y
    # (x+y)^4 + (x-y)^4 = 2 x^4 + 12 x^2 y^2 + 2 y^4, (x+y)^2 + (x-y)^2 = 2 (x^2 + y^2).
    diagonals = 2 * x**4 + 12 * x * x * y * y + 2 * y**4 - 4 * square + 2
    return y / 20 + (4 - 8 * square + 4 * square**2 + 2 * x**4 - 8 * x * x + 8 + diagonals - 2) / 6


OTHERS = {triple_well: triple, face: visage, two_channel_quartic: quartic}


def written_out(module, y):
    """V, straight from the entry's formula: a second writing."""
    if module in RADIAL:
        return (y[:, 0] ** 2 - 1) ** 2 + 0.3 * np.sum(y[:, 1:] ** 2, axis=1)
    if module in OTHERS:
        return np.array([OTHERS[module](*point) for point in y.tolist()])
    x, z = y[:, :1], y[:, 1:2]
    amplitude = np.array([-200, -100, -170, 15])
    a, b, c = np.array([-1, -1, -6.5, 0.7]), np.array([0, 0, 11, 0.6]), np.array([-10, -10, -6.5, 0.7])
    dx, dz = x - np.array([1, 0, -0.5, -1]), z - np.array([0, 0.5, 1.5, 1])
    value = np.exp(a * dx**2 + b * dx * dz + c * dz**2) @ amplitude
    if module is mueller:
        return value
    ripple = 9 * np.sin(2 * np.pi * 5 * x[:, 0]) * np.sin(2 * np.pi * 5 * z[:, 0])
    return value + ripple + np.sum(y[:, 2:] ** 2, axis=1) / (2 * 0.05**2)


def test_the_potential_is_the_formula(case):
    module, parameters, problem, judge = case
    x = judge.reactive.x[::50]
    np.testing.assert_allclose(
        problem.potential(x), written_out(module, formula(module, parameters, x)), rtol=1e-11, atol=1e-9
    )


def test_potential_and_sets_agree_in_numpy_torch_and_jax(case):
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    _, _, problem, judge = case
    x = np.concatenate([problem.start_a, problem.start_b, judge.reactive.x[::200]])
    for function in (problem.potential, problem.boundary_a, problem.boundary_b):
        expected = function(x)
        np.testing.assert_allclose(function(torch.from_numpy(x)).numpy(), expected, rtol=1e-11, atol=1e-11)
        with jax.enable_x64(True):
            np.testing.assert_allclose(function(jax.numpy.asarray(x)), expected, rtol=1e-11, atol=1e-11)


def test_start_points_lie_in_their_sets(case):
    _, _, problem, _ = case
    for points, own, other in (
        (problem.start_a, problem.in_a, problem.in_b),
        (problem.start_b, problem.in_b, problem.in_a),
    ):
        assert points.shape == (32, problem.dim)
        assert np.all(own(points))
        assert not np.any(other(points))
        assert np.all((points > problem.box[0]) & (points < problem.box[1]))


def test_start_points_follow_mu_in_the_set(case):
    """The mean energy in A of many draws is that of mu restricted to A, within 4 standard errors."""
    module, parameters, _, _ = case
    law = module.planar_problem(parameters).law
    nodes, weights = law.disc_nodes(0)
    w = law.log_weight(nodes)
    shares = weights * np.exp(w - np.max(w))
    exact = np.sum(shares * w) / np.sum(shares)
    drawn = law.log_weight(law.disc_points(0, 4000, np.random.default_rng(3)).T)
    assert abs(np.mean(drawn) - exact) < 4 * np.std(drawn, ddof=1) / np.sqrt(4000)


def test_discs_have_their_area():
    """With a flat law, pi a^2, and half of it where the axis halves the disc."""
    for module, parameters in CASES.values():
        law = module.planar_problem(parameters).law
        if law.box.outlines:
            continue
        for side in (0, 1):
            full = np.pi * law.box.radius**2
            area = full / 2 if law.box.halved(law.box.centres[side]) else full
            assert np.sum(law.disc_nodes(side)[1]) == pytest.approx(area, rel=1e-13)


def test_boundaries_are_where_the_entry_says(case):
    """Distance from the centre, in the coordinates that count, equals the rim's on the zero set."""
    module, parameters, problem, judge = case
    law = module.planar_problem(parameters).law
    x = np.concatenate([problem.start_a, problem.start_b, judge.equilibrium.x])
    u = reduced(module, formula(module, parameters, x))
    for side, boundary in enumerate((problem.boundary_a, problem.boundary_b)):
        np.testing.assert_array_equal(boundary(x) < 0, law.box.gap(side, u.T) < 0)
        # Outwards along a ray: the sign turns at the rim.
        ray = np.array([0.6, 0.8])
        for factor, sign in ((1 - 1e-9, -1), (1 + 1e-9, 1)):
            on_rim = (np.array(law.box.centres[side]) + law.box.rim(side, ray)[0] * factor * ray)[None]
            rim = lifted(module, parameters, on_rim)
            assert np.sign(boundary(rim)) == sign


def lifted(module, parameters, u):
    """(n, 2) reduced coordinates -> points as solvers see them."""
    rng = np.random.default_rng(0)
    if module in PLANES:
        return u
    frame = Frame(parameters.dim, repetition_seeds(SEED).rotation)
    if module in RADIAL:
        return frame.to_solver(double_well_balls.with_directions(u, parameters.dim, rng))
    return frame.to_solver(module.with_modes(u, parameters, rng))


def test_other_discs_of_the_mueller_potential():
    """On the rims that the entry's formula states, and nowhere else; unknown names are refused."""
    for discs, centre_a, centre_b, radius in (
        ("offset", (-0.5, 1.5), (0.5, 0.0), 0.1),
        ("offset-wide", (-0.5, 1.5), (0.5, 0.0), 0.2),
        ("narrow", (-0.5, 1.5), (0.6, 0.08), 0.025),
    ):
        problem = mueller.build(MuellerParameters(discs=discs, levels="exact"), SEED)
        turns = np.linspace(0, 2 * np.pi, 12)
        around = np.stack([np.cos(turns), np.sin(turns)], axis=1)
        for centre, boundary in ((centre_a, problem.boundary_a), (centre_b, problem.boundary_b)):
            for stretch in (0.5, 1.0, 2.0):
                # (|x - c|^2 - a^2) / 2a
                expected = radius * (stretch**2 - 1) / 2
                found = boundary(np.array(centre) + stretch * radius * around)
                np.testing.assert_allclose(found, expected, atol=1e-14)
    with pytest.raises(ValueError, match=r"discs is 'minimum'; expected one of 'minima', 'offset'"):
        MuellerParameters(discs="minimum")


def test_exact_levels_are_distances_and_scrambled_ones_are_not():
    for module, kind in (
        (mueller, MuellerParameters),
        (rugged_mueller, RuggedMuellerParameters),
        (double_well_balls, DoubleWellBallsParameters),
        (face, FaceParameters),
        (triple_well, TripleWellParameters),
        (two_channel_quartic, TwoChannelQuarticParameters),
    ):
        x = module.build(kind(), SEED).start_b
        exact, scrambled = (module.build(kind(levels=levels), SEED) for levels in ("exact", "scrambled"))
        law = module.planar_problem(kind()).law
        u = reduced(module, formula(module, kind(), x))
        distance = np.hypot(*(u - np.asarray(law.box.centres[0])).T)
        expected = (distance**2 - law.box.radius**2) / (2 * law.box.radius)
        np.testing.assert_allclose(exact.boundary_a(x), expected, rtol=1e-9)
        ratio = scrambled.boundary_a(x) / expected
        assert np.min(ratio) > 0
        assert np.std(ratio) / np.mean(ratio) > 1e-3


def test_the_judge_finds_no_fault_with_the_truth(case):
    module, _, _, judge = case
    looks = judge.reactive.q
    finals = np.concatenate([judge.flat.q, judge.equilibrium.q, np.full(len(judge.energy.x), 0.5)])
    scores = judge.metrics(Answers(looks=looks, finals=finals))
    assert scores["wrmse"].value == 0.0
    assert scores["relative_l2"].value == 0.0
    assert scores["logit_rmse"].value <= scores["logit_rmse"].floor
    assert scores["logit_rmse"].floor < 1e-3
    constant = judge.headline(np.full(len(looks), np.sum(judge.reactive.weights * looks)))
    assert constant.value == pytest.approx(judge.constant_wrmse)
    # In the trap of the face, in the third well, and wherever the sets are hard to find, q is all but constant.
    least = {face: 0.09, triple_well: 0.1, double_well_sublevel: 0.07}.get(module, 0.25)
    assert judge.constant_wrmse > least, "a constant must not win"


def test_points_that_count_lie_outside_the_sets(case):
    _, _, problem, judge = case
    for known in (judge.reactive, judge.flat, judge.equilibrium):
        x = known.x[known.weights > 0]
        assert not np.any(problem.in_a(x) | problem.in_b(x))
        assert np.all(np.isfinite(problem.potential(x)))


def test_added_coordinates_follow_mu():
    """Rugged: Gaussian with variance T sigma^2. Balls: a uniform direction. Within 5 standard errors per moment."""
    parameters = RuggedMuellerParameters()
    judge = rugged_mueller.judge(parameters, SEED)
    modes = formula(rugged_mueller, parameters, judge.equilibrium.x)[:, 2:]
    assert modes.shape == (4000, 8)
    np.testing.assert_allclose(np.mean(modes**2, axis=0), 10 * 0.05**2, rtol=5 * np.sqrt(2 / 4000))
    parameters = DoubleWellBallsParameters()
    rest = formula(double_well_balls, parameters, double_well_balls.judge(parameters, SEED).equilibrium.x)[
        :, 1:
    ]
    directions = rest / np.linalg.norm(rest, axis=1, keepdims=True)
    np.testing.assert_allclose(np.mean(directions, axis=0), 0, atol=5 / np.sqrt(9 * 4000))
    np.testing.assert_allclose(np.mean(directions**2, axis=0), 1 / 9, rtol=5 * np.sqrt(2 / 4000))


def test_repetitions_turn_the_points_and_keep_the_answer():
    parameters = RuggedMuellerParameters()
    one, two = rugged_mueller.judge(parameters, 1), rugged_mueller.judge(parameters, 2)
    np.testing.assert_array_equal(one.reactive.q, two.reactive.q)
    assert np.max(np.abs(one.reactive.x - two.reactive.x)) > 0.1
    np.testing.assert_allclose(
        formula(rugged_mueller, parameters, one.reactive.x, 1),
        formula(rugged_mueller, parameters, two.reactive.x, 2),
        atol=1e-12,
    )


def test_the_committor_of_the_balls_is_antisymmetric():
    """q(-x1, r) = 1 - q(x1, r), to the error of one grid that is not symmetric itself."""
    skfem = pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    del skfem
    from mfbench_committor.references.finite_elements import solve

    problem = double_well_balls.planar_problem(DoubleWellBallsParameters())
    field, judge = (
        solve(problem.law, problem.spacing, 1),
        double_well_balls.judge(DoubleWellBallsParameters(), SEED),
    )
    u = reduced(
        double_well_balls, formula(double_well_balls, DoubleWellBallsParameters(), judge.equilibrium.x)
    )
    np.testing.assert_allclose(field.complement(u * [-1, 1]), field.committor(u), rtol=1e-3, atol=1e-8)


@pytest.mark.parametrize("name", ["triple-well", "two-channel-quartic"])
def test_the_committor_of_mirrored_wells_is_antisymmetric(name):
    """q(-x, y) = 1 - q(x, y) at the judge's points, by one grid against the stored values of another."""
    pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    from mfbench_committor.references.finite_elements import solve

    module, parameters = CASES[name]
    problem, known = module.planar_problem(parameters), module.judge(parameters, SEED).reactive
    field = solve(problem.law, problem.spacing, 1)
    np.testing.assert_allclose(field.complement(known.x * [-1, 1]), known.q, rtol=2e-3, atol=1e-6)


def test_the_channel_of_the_triple_well_switches_with_the_temperature():
    """Flux through x = 0, where q = 1/2 and grad q points along x; in all it is nu, the second route to it."""
    pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    from mfbench_committor.references.finite_elements import solve

    shares = {}
    for name in ("triple-well", "triple-well-hot"):
        module, parameters = CASES[name]
        problem = module.planar_problem(parameters)
        field = solve(problem.law, problem.spacing, 1)
        low, high = problem.law.extent(problem.law.depth - 15.0)[:, 1]
        y = np.linspace(low, high, 6001)
        line = np.stack([np.zeros_like(y), y], axis=1)
        flux = np.exp(problem.law.log_weight(line.T) - field.log_mass) * np.sqrt(field.squared_gradient(line))
        hill = 0.51923  # the top between the channels
        rate = np.trapezoid(flux, y) / problem.beta
        # Gradients at points converge more slowly than the energy, from which the stored rate is.
        assert rate == pytest.approx(module.judge(parameters, SEED).rate.value, rel=1e-3)
        shares[name] = np.trapezoid(np.where(y > hill, flux, 0.0), y) / np.trapezoid(flux, y)
    assert shares["triple-well"] > 0.6, shares
    assert shares["triple-well-hot"] < 0.4, shares


def test_beyond_the_wall_of_the_face_lies_nothing():
    """In print it stands at V = 12: 4.6e-6 of mu lie beyond, by the midpoint rule on a lattice."""
    law = face.planar_problem(FaceParameters()).law
    lattice = law.lattice
    mu = np.exp(law.log_weight(lattice))
    beyond = np.sum(mu[face.face_potential(*lattice) > 12.0]) / np.sum(mu)
    assert beyond == pytest.approx(4.6e-6, rel=0.05)


def test_nine_tenths_of_the_reactive_time_are_spent_in_the_trap_of_the_face():
    known = face.judge(FaceParameters(), SEED).reactive
    assert np.sum(known.weights[(known.q > 0.5) & (known.q < 0.6)]) == pytest.approx(0.90, abs=0.02)


def test_nothing_of_the_law_lies_beyond_its_box(case):
    """On all edges the density is below the depth to which the law is followed."""
    module, parameters, _, _ = case
    law = module.planar_problem(parameters).law
    (left, low), (right, high) = law.box.lower, law.box.upper
    x, y = np.linspace(left, right, 801), np.linspace(low, high, 801)
    top = np.max(law.log_weight(law.lattice))
    edges = [
        (np.full(801, left), y),
        (np.full(801, right), y),
        (x, np.full(801, low)),
        (x, np.full(801, high)),
    ]
    for edge in edges:
        assert np.max(law.log_weight(np.stack(edge))) < top - law.depth


def test_no_function_of_x1_alone_solves_the_balls():
    """The conditional mean over 100 slices of x1 stays .7 away in the logit, of 7.6."""
    judge = double_well_balls.judge(DoubleWellBallsParameters(), SEED)
    known = judge.flat
    x1 = formula(double_well_balls, DoubleWellBallsParameters(), known.x)[:, 0]
    logit = np.log(known.q) - np.log(known.p)
    order = np.argsort(x1)
    slices = np.minimum(np.cumsum(known.weights[order]) * 100, 99).astype(int)
    w, z = known.weights[order], logit[order]
    mean = np.bincount(slices, w * z) / np.bincount(slices, w)
    assert np.sqrt(np.sum(w * (z - mean[slices]) ** 2)) > 0.7


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (MuellerParameters, {"temperature": 1.0}, "temperature is 1.0; expected a number from 5.0 to 40.0"),
        (RuggedMuellerParameters, {"dim": 1}, "dim is 1; expected a whole number >= 2"),
        (RuggedMuellerParameters, {"levels": "hidden"}, "expected one of scrambled, exact"),
        (DoubleWellBallsParameters, {"dim": 2}, "dim is 2; expected a whole number >= 3"),
        (DoubleWellBallsParameters, {"dim": 100}, "dim is 100; expected at most 20"),
        (DoubleWellBallsParameters, {"radius": 1.0}, "radius is 1.0; expected a number from 0.3 to 0.95"),
        (DoubleWellBallsParameters, {"temperature": float("nan")}, "nan; expected a number"),
        (DoubleWellSublevelParameters, {"dim": 2}, "dim is 2; expected a whole number >= 3"),
        (DoubleWellSublevelParameters, {"dim": 21}, "dim is 21; expected at most 20"),
        (DoubleWellSublevelParameters, {"beta": 2.0}, "beta is 2.0; expected a number from 3.0 to 20.0"),
        (FaceParameters, {"temperature": 2.0}, "temperature is 2.0; expected a number from 0.5 to 1.5"),
        (TripleWellParameters, {"beta": -6.67}, "beta is -6.67; expected a number from 1.0 to 10.0"),
        (TripleWellParameters, {"radius": 1.0}, "radius is 1.0; expected a number from 0.1 to 0.6"),
        (
            TwoChannelQuarticParameters,
            {"temperature": 1.0},
            "temperature is 1.0; expected a number from 0.05",
        ),
        (TwoChannelQuarticParameters, {"levels": "hidden"}, "expected one of scrambled, exact"),
    ],
)
def test_parameters_say_where_got_and_expected(kind, given, message):
    with pytest.raises(ValueError, match=message):
        kind(**given)
