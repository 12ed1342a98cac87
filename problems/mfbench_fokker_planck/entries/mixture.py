"""The entries of `fokker-planck/mixture`, `fokker-planck/mixture-circulation` and `fokker-planck/mixture-triangle`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import mfbench
from mfbench.checks import at_least, one_of

TARGETS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)


@dataclass(frozen=True, kw_only=True)
class MixtureParameters:
    """Parameters of `fokker-planck/mixture`.

    Args:
        dim: dimension d >= 1.
        components: K >= 1 Gaussians, of equal weight and unit covariance.
        circulation: "none" for a gradient drift, "constant" for Q of strength 1 in the planes (1, 2), (3, 4), ....

    Raises:
        ValueError: a value outside these ranges.
    """

    CIRCULATIONS: ClassVar[tuple[str, ...]] = ("none", "constant")

    dim: int = 4
    components: int = 3
    circulation: str = "constant"

    def __post_init__(self) -> None:
        at_least(self, dim=1, components=1)
        one_of(self, "circulation", self.CIRCULATIONS)


@dataclass(frozen=True, kw_only=True)
class VaryingParameters:
    """Parameters of `fokker-planck/mixture-circulation`.

    Args:
        dim: dimension d >= 2: in one there is no circulation.
        components: K >= 1 Gaussians, of equal weight and unit covariance.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 4
    components: int = 3

    def __post_init__(self) -> None:
        at_least(self, dim=2, components=1)

    @property
    def circulation(self) -> str:
        """Q(x) varies in space."""
        return "varying"


@dataclass(frozen=True, kw_only=True)
class TriangleParameters:
    """Parameters of `fokker-planck/mixture-triangle`.

    Args:
        dim: dimension d >= 2; the three means lie in a plane.

    Raises:
        ValueError: dim below 2.
    """

    dim: int = 6

    def __post_init__(self) -> None:
        at_least(self, dim=2)


def _product(parameters: MixtureParameters | VaryingParameters) -> bool:
    """Two round Gaussians of one width are a product: along the line through their means, and across it."""
    return parameters.dim == 1 or parameters.components <= 2


def mixture_facts(parameters: MixtureParameters) -> mfbench.Facts:
    """`reducible`: `line-integral` solves a gradient drift, `drift-plus-quadratic` the linear drift of one Gaussian."""
    flags = {"stationary", "rotated"}
    if parameters.circulation == "none" or parameters.dim == 1:
        flags |= {"gradient", "reducible"}
    if parameters.components == 1:
        flags.add("reducible")
    if _product(parameters):
        flags.add("separable")
    return mfbench.Facts(task="fokker-planck", dim=parameters.dim, flags=frozenset(flags))


def varying_facts(parameters: VaryingParameters | TriangleParameters) -> mfbench.Facts:
    """Not reducible: rays do not give log p, not even that of one Gaussian, nor does a quadratic form mend them."""
    flags = {"stationary", "rotated"}
    if isinstance(parameters, VaryingParameters) and _product(parameters):
        flags.add("separable")
    return mfbench.Facts(task="fokker-planck", dim=parameters.dim, flags=frozenset(flags))


MIXTURE = mfbench.ProblemEntry(
    name="fokker-planck/mixture",
    summary="Invariant law a mixture of Gaussians, with or without a constant circulation.",
    formula=(
        "b = (D I + Q) grad log p, D = 1, p = (1/K) sum_k N(m_k, I), m_k uniform in [-2, 2]^d from numpy's PCG64 of "
        "[21031181, d, K]; Q = 0, or antisymmetric with 1 in the planes (1, 2), (3, 4), ...; rotated anew for every "
        "repetition."
    ),
    source="Family of the tests in Tang, Wan, Liao, arXiv 2103.11181; means and Q fixed here.",
    facts=mixture_facts,
    build="mfbench_fokker_planck.mixture:build",
    judge="mfbench_fokker_planck.mixture:judge",
    parameters=MixtureParameters,
    instances={
        "standard": ({"dim": 4, "components": 3},),
        "full": tuple(
            {"dim": dim, "components": components, "circulation": circulation}
            for dim in (2, 4, 6, 8, 20)
            for components in (1, 3)
            for circulation in MixtureParameters.CIRCULATIONS
        ),
    },
    targets=TARGETS,
)

MIXTURE_CIRCULATION = mfbench.ProblemEntry(
    name="fokker-planck/mixture-circulation",
    summary="Invariant law a mixture of Gaussians under a circulation that varies in space: rays do not give log p.",
    formula=(
        "b = D grad log p + Q grad log p + div Q, D = 1, Q_ij(x) = sin(k_ij . x) = -Q_ji(x) for i < j, (div Q)_i = "
        "sum_j d_j Q_ij; k_ij with components uniform in [-(3/d)^(1/2), (3/d)^(1/2)] from numpy's PCG64 of [14, d], "
        "pairs row by row; p = (1/K) sum_k N(m_k, I) as in fokker-planck/mixture; rotated anew for every repetition."
    ),
    source="Ours: a mixture with state-dependent circulation.",
    facts=varying_facts,
    build="mfbench_fokker_planck.mixture:build",
    judge="mfbench_fokker_planck.mixture:judge",
    parameters=VaryingParameters,
    instances={
        # Two dimensions in quick: there every solver runs, grid and network alike, and no control solves it.
        "quick": ({"dim": 2},),
        "standard": ({"dim": 2}, {"dim": 4}, {"dim": 8}, {"dim": 20}),
        "full": ({"dim": 2}, {"dim": 4}, {"dim": 8}, {"dim": 20}),
    },
    targets=TARGETS,
)

MIXTURE_TRIANGLE = mfbench.ProblemEntry(
    name="fokker-planck/mixture-triangle",
    summary="Three unequal Gaussian modes under a circulation that varies in space: are their weights right?",
    formula=(
        "b as in fokker-planck/mixture-circulation, D = 1, p = .5 N(2 e_1, I/2) + .3 N(-e_1 + 3^(1/2) e_2, I/2) + "
        ".2 N(-e_1 - 3^(1/2) e_2, I/2); rotated anew for every repetition."
    ),
    source="Ours: six dimensions and three modes.",
    facts=varying_facts,
    build="mfbench_fokker_planck.mixture:build_triangle",
    judge="mfbench_fokker_planck.mixture:judge_triangle",
    parameters=TriangleParameters,
    instances={"standard": ({"dim": 6},), "full": ({"dim": 2}, {"dim": 6})},
    targets=TARGETS,
)
