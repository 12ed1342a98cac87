"""What a committor problem refuses when it is made: where, what was got, what was expected."""

import numpy as np
import pytest

from mfbench.tasks.committor import BOX_PROBES, PROBES, CommittorProblem

GOOD = {
    "dim": 2,
    "beta": 1.0,
    "potential": lambda x: (x[:, 0] ** 2 - 1) ** 2 + x[:, 1] ** 2,
    "boundary_a": lambda x: x[:, 0] + 0.5,
    "boundary_b": lambda x: 0.5 - x[:, 0],
    "start_a": np.array([[-1.0, 0.0], [-1.2, 0.3]]),
    "start_b": np.array([[1.0, 0.0]]),
    "box": np.array([[-3.0, -3.0], [3.0, 3.0]]),
}
NAN, INFINITE = float("nan"), float("inf")


def test_a_good_problem_is_made():
    problem = CommittorProblem(**GOOD)
    x = np.array([[-0.5, 0.0], [0.0, 0.0], [0.5, 0.0]])
    np.testing.assert_array_equal(problem.in_a(x), [True, False, False])
    np.testing.assert_array_equal(problem.in_b(x), [False, False, True])


def test_whole_numbers_and_single_precision_become_double():
    """Solvers need not think of them."""
    loose = {
        "beta": np.float32(1.0),
        "start_a": np.array([[-1, 0]]),
        "start_b": np.array([[1.0, 0.0]], np.float32),
        "box": np.array([[-3, -3], [3, 3]]),
        "mobility": np.array([1, 0]),
    }
    problem = CommittorProblem(**GOOD | loose)
    assert type(problem.beta) is float
    assert {getattr(problem, name).dtype for name in loose if name != "beta"} == {np.dtype(np.float64)}


BAD = {
    "dim 0": ({"dim": 0}, "dim is 0; expected a whole number >= 1"),
    "dim 2.5": ({"dim": 2.5}, "dim is 2.5; expected a whole number >= 1"),
    "beta 0": ({"beta": 0.0}, "beta is 0.0; expected a finite number > 0"),
    "beta negative": ({"beta": -5.0}, "beta is -5.0; expected a finite number > 0"),
    "beta nan": ({"beta": NAN}, "beta is nan; expected a finite number > 0"),
    "beta infinite": ({"beta": INFINITE}, "beta is inf; expected a finite number > 0"),
    "beta a word": ({"beta": "5"}, "beta is '5'; expected a finite number > 0"),
    "beta none": ({"beta": None}, "beta is None; expected a finite number > 0"),
    "beta a truth value": ({"beta": True}, "beta is True; expected a finite number > 0"),
    "box shape": ({"box": np.zeros((2, 3))}, r"box has shape (2, 3); expected (2, 2)"),
    "box upside down": (
        {"box": np.array([[-3.0, 3.0], [3.0, -3.0]])},
        "box is [[-3.0, 3.0], [3.0, -3.0]]; expected a finite lower corner below a finite upper one",
    ),
    "box infinite": ({"box": np.array([[-3.0, -INFINITE], [3.0, 3.0]])}, "expected a finite lower corner"),
    "box nan": ({"box": np.full((2, 2), NAN)}, "expected a finite lower corner"),
    "starts of another dimension": ({"start_a": np.zeros((4, 3))}, "start_a has shape (4, 3); expected (m, 2)"),
    "one start without its axis": ({"start_b": np.zeros(2)}, "start_b has shape (2,); expected (m, 2), m >= 1"),
    "no starts": ({"start_b": np.zeros((0, 2))}, "start_b has shape (0, 2); expected (m, 2), m >= 1"),
    "start outside its set": (
        {"start_a": np.array([[-1.0, 0.0], [0.0, 0.0]])},
        "start_a holds 1 of 2 points outside its set or inside the other one, the first at index 1 with boundary_a 0.5 and "
        "boundary_b 0.5; expected boundary_a < 0 and boundary_b > 0.",
    ),
    "start on the boundary": ({"start_b": np.array([[0.5, 0.0]])}, "start_b holds 1 of 1 points outside its set"),
    "start in the other set": (
        {"boundary_b": lambda x: x[:, 1] ** 2 - 0.25, "start_b": np.array([[1.0, 0.0]])},
        "start_a holds 2 of 2 points outside its set or inside the other one, the first at index 0",
    ),
    "start nan": ({"start_a": np.array([[NAN, 0.0]])}, "potential(start_a) gave shape (1,) with 1 values not finite"),
    "potential nan": (
        {"potential": lambda x: np.sqrt(x[:, 0] * 0 - np.abs(x[:, 1] - 0.3) + 1e-9)},
        "potential(start_a) gave shape (2,) with 1 values not finite; expected (2,), all finite",
    ),
    "potential infinite": (
        {"potential": lambda x: np.where(x[:, 0] > 0, INFINITE, 0.0)},
        "potential(start_b) gave shape (1,) with 1 values not finite; expected (1,), all finite",
    ),
    "potential of points and columns": (
        {"potential": lambda x: x**2},
        "potential(start_a) gave shape (2, 2) with 0 values not finite; expected (2,), all finite",
    ),
    "potential with a spare axis": (
        {"potential": lambda x: x[:, :1]},
        "potential(start_a) gave shape (2, 1) with 0 values not finite; expected (2,)",
    ),
    "potential summed up": ({"potential": lambda x: np.sum(x)}, "potential(start_a) gave shape ()"),
    "boundary with a spare axis": (
        {"boundary_a": lambda x: x[:, :1] + 0.5},
        "boundary_a(start_a) gave shape (2, 1) with 0 values not finite; expected (2,)",
    ),
    "boundary nan": ({"boundary_b": lambda x: NAN * x[:, 0]}, "boundary_b(start_a) gave shape (2,) with 2 values"),
    "sets that overlap beside the starts": (
        {"boundary_b": lambda x: np.minimum(0.5 - x[:, 0], 1.0 - x[:, 1])},
        "A and B overlap or touch, for instance at [",
    ),
    "potential complex": (
        {"potential": lambda x: x[:, 0] + 0j},
        "potential(start_a) gave values of type complex128; expected real numbers",
    ),
    "potential none": ({"potential": lambda x: None}, "potential(start_a) gave values of type object; expected real"),
    "potential nan between the sets": (
        {"potential": lambda x: np.sqrt(np.abs(x[:, 0]) - 0.4)},
        "potential is NaN or -inf at 85 of 386 places of the box and between start points, the first [",
    ),
    "potential of another shape in the box": (
        {"potential": lambda x: x[:2, 0]},
        "potential gave shape (2,) at 386 places; expected (386,)",
    ),
    "boundary nan in the box": (
        {"boundary_a": lambda x: x[:, 0] + 0.5 + 0.0 * np.sqrt(2.5 - x[:, 1])},
        "boundary_a is NaN at 26 of 386 places of the box and between start points, the first [",
    ),
    "sets that overlap between the starts": (
        {"boundary_a": lambda x: x[:, 0] - 0.6, "boundary_b": lambda x: -x[:, 0] - 0.6},
        "A and B overlap or touch, for instance at [",
    ),
    "sets that touch": (
        {"boundary_a": lambda x: x[:, 0], "boundary_b": lambda x: -x[:, 0]},
        "A and B overlap or touch, for instance at [0.0, 0.0]; expected a gap between them. Shrink one of them.",
    ),
    "sets that touch where no probe is": (
        {"boundary_a": lambda x: x[:, 0] - 0.0137, "boundary_b": lambda x: 0.0137 - x[:, 0]},
        "A and B overlap or touch, for instance at [0.0137, 0.0]",
    ),
    "one set all around the other": (
        {"boundary_a": lambda x: 0.3 - np.hypot(x[:, 0] - 1, x[:, 1]),
         "boundary_b": lambda x: np.hypot(x[:, 0] - 1, x[:, 1]) - 0.3},
        "A and B overlap or touch, for instance at [0.7, 0.0]",
    ),
    "potential nan in the pass alone": (
        {"potential": lambda x: np.where(np.hypot(x[:, 0], x[:, 1]) < 0.1, NAN, x[:, 0] ** 2)},
        "potential is NaN or -inf at ",
    ),
    "potential without a bottom": (
        {"potential": lambda x: np.where(np.abs(x[:, 0]) < 0.4, -INFINITE, x[:, 0] ** 2)},
        "potential is NaN or -inf at ",
    ),
    "circulation nan between the sets": (
        {"circulation": lambda x: np.where(np.abs(x[:, :1]) < 0.4, NAN, 0.0) * x},
        "circulation is NaN at ",
    ),
    "dim a truth value": ({"dim": True}, "dim is True; expected a whole number >= 1"),
    "potential a number": ({"potential": 3}, "potential is 3; expected a function of points (n, d)."),
    "circulation a number": ({"circulation": 3}, "circulation is 3; expected a function of points (n, d)."),
    "starts a list": ({"start_a": [[-1.0, 0.0]]}, "start_a is list; expected a numpy array of real numbers"),
    "starts words": ({"start_a": np.array([["a", "b"]])}, "start_a is an array of <U1; expected a numpy array"),
    "mobility a word": ({"mobility": "x"}, "mobility is str; expected a numpy array of real numbers"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_where_got_and_expected(case):
    change, message = BAD[case]
    with pytest.raises(ValueError) as caught:
        CommittorProblem(**(GOOD | change))
    assert str(caught.value).startswith("CommittorProblem: ")
    assert message in str(caught.value)


def test_a_potential_that_is_infinite_far_away_is_no_fault():
    """Hard cores overflow; walkers do not go there, and where they do the trial says so."""
    problem = CommittorProblem(
        **(GOOD | {"potential": lambda x: np.where(x[:, 1] > 2.5, INFINITE, x[:, 0] ** 2)})
    )
    far = np.concatenate([problem.start_a, problem.start_b])
    far[:, 1] = 3.0
    np.testing.assert_array_equal(problem.potential(far), INFINITE)


def test_no_place_is_asked_for_twice():
    """Functions may be dear; sets that do not touch need no other look."""
    asked = []

    def recorded(function):
        return lambda x: asked.append(x) or function(x)

    problem = CommittorProblem(
        **(GOOD | {name: recorded(GOOD[name]) for name in ("potential", "boundary_a", "boundary_b")})
    )
    starts = len(problem.start_a) + len(problem.start_b)
    lines = PROBES * max(len(problem.start_a), len(problem.start_b))
    assert sum(map(len, asked)) == 3 * (starts + lines + BOX_PROBES)


@pytest.mark.parametrize("gap, refused", [(0.0, True), (1e-9, False), (1e-3, False)])
def test_a_narrow_gap_between_probes_is_a_gap(gap, refused):
    change = {"boundary_a": lambda x: x[:, 0] - 0.0137, "boundary_b": lambda x: 0.0137 + gap - x[:, 0]}
    if refused:
        with pytest.raises(ValueError, match="touch"):
            CommittorProblem(**(GOOD | change))
    else:
        CommittorProblem(**(GOOD | change))


def test_sets_may_touch_where_nobody_goes():
    """As behind an arc: ten kT above the start points and more."""
    touching = {"boundary_a": lambda x: x[:, 0] - 1e-4, "boundary_b": lambda x: 1e-4 - x[:, 0]}
    for barrier, refused in ((5.0, True), (20.0, False)):
        high = {"potential": lambda x, barrier=barrier: barrier * (x[:, 0] ** 2 - 1) ** 2 + x[:, 1] ** 2}
        if refused:
            with pytest.raises(ValueError, match="touch"):
                CommittorProblem(**(GOOD | touching | high))
        else:
            CommittorProblem(**(GOOD | touching | high))
