"""What a committor problem refuses when it is made: where, what was got, what was expected."""

import numpy as np
import pytest

from mfbench.tasks.committor import CommittorProblem

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
        "A and B overlap, for instance at [",
    ),
    "potential complex": (
        {"potential": lambda x: x[:, 0] + 0j},
        "potential(start_a) gave values of type complex128; expected real numbers",
    ),
    "potential none": ({"potential": lambda x: None}, "potential(start_a) gave values of type object; expected real"),
    "potential nan between the sets": (
        {"potential": lambda x: np.sqrt(np.abs(x[:, 0]) - 0.4)},
        "potential is NaN at 37 of 256 points of the box, the first [",
    ),
    "potential of another shape in the box": (
        {"potential": lambda x: x[:2, 0]},
        "potential gave shape (2,) at 256 points of the box; expected (256,)",
    ),
    "boundary nan in the box": (
        {"boundary_a": lambda x: x[:, 0] + 0.5 + 0.0 * np.sqrt(2.5 - x[:, 1])},
        "boundary_a is NaN at 26 of 256 points of the box, the first [",
    ),
    "sets that overlap between the starts": (
        {"boundary_a": lambda x: x[:, 0] - 0.6, "boundary_b": lambda x: -x[:, 0] - 0.6},
        "A and B overlap, for instance at [",
    ),
    "sets that touch": (
        {"boundary_a": lambda x: x[:, 0], "boundary_b": lambda x: -x[:, 0]},
        "A and B overlap, for instance at [0.0, 0.0]; expected no common point. Shrink one of them.",
    ),
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
