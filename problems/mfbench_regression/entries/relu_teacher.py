"""The entry of `regression/relu-teacher`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least


@dataclass(frozen=True, kw_only=True)
class ReluTeacherParameters:
    """Parameters of `regression/relu-teacher`.

    Args:
        dim: dimension d >= 2.
        teachers: units of the teacher.

    Raises:
        ValueError: a number outside its range.
    """

    dim: int = 50
    teachers: int = 10

    def __post_init__(self) -> None:
        at_least(self, dim=2, teachers=1)


def facts(parameters: ReluTeacherParameters) -> mfbench.Facts:
    """`rotated`: the teacher is drawn anew for every repetition."""
    return mfbench.Facts(task="regression", dim=parameters.dim, flags=frozenset({"rotated"}))


RELU_TEACHER = mfbench.ProblemEntry(
    name="regression/relu-teacher",
    summary="A sum of ten ReLU units on the sphere in 50 dimensions: births and deaths do not help here.",
    formula=(
        "f = sum_j s_j max(w_j . x, 0), j = 1 ... 10, w_j uniform on the unit sphere in R^50, s_j = 1 and -1 in turn, drawn "
        "anew for every repetition; x uniform on the unit sphere. Units max(w . x, 0); at the start w ~ N(0, I), "
        "c = 1 or -1 at random; the prior of w is N(0, I / 50)."
    ),
    source=(
        "Rotskoff, Jelassi, Bruna, Vanden-Eijnden, arXiv 1902.01843, student and teacher, in mean-field scaling; the "
        "teacher's signs are ours."
    ),
    facts=facts,
    build="mfbench_regression.relu_teacher:build",
    judge="mfbench_regression.relu_teacher:judge",
    parameters=ReluTeacherParameters,
    instances={"standard": ({"dim": 50},), "full": ({"dim": 50},)},
    targets=(0.1, 0.05, 0.02, 0.01),
)
