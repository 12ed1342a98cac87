"""The entries of this package; importing them imports no framework."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least, one_of
from mfbench.demands import linear_only, reversible_only, scalar_noise_only, unbounded_space_only


@dataclass(frozen=True, kw_only=True)
class CommittorKmcParameters:
    """Parameters of `committor-kmc`.

    Eleven settings were tried with bases of orders 10, 20 and 28 on `committor/mueller`, `triple-well` and `face`, most
    of them also on `two-channel-quartic`: cosines or hats, nodes everywhere or outside A and B, ridges 1e-8, 1e-10 and
    1e-12, penalties 1e6 and 1e3, 2, 3 or 4 cells per mode. At order 28 these came within a tenth of the best on all
    four. The package's own ridge 1e-4 outweighs the barrier, and so does the round-off that its penalty 1e6 leaves.

    Args:
        first: highest mode along each axis of the first basis; 2 or more.
        cells_per_mode: quadrature nodes along an axis for each of its modes.
        ridge: of the package, relative to the mean of the stiffness matrix's diagonal.
        penalty: of the package on the values in A and B, relative to the same.

    Raises:
        ValueError: a value outside its range.
    """

    first: int = 5
    cells_per_mode: int = 2
    ridge: float = 1e-12
    penalty: float = 1e3

    def __post_init__(self) -> None:
        at_least(self, first=2, cells_per_mode=1)
        above_zero(self, "ridge", "penalty")


@dataclass(frozen=True, kw_only=True)
class MlcolvarParameters:
    """Parameters of `mlcolvar`. Network, loss and bias are those of the package, with its defaults.

    Twenty-five settings were tried on `committor/mueller`: each parameter by itself, lengths of a round, rate, alpha and
    strength together. The best of them, and the one that stood here before, [alpha=1,rate=1e-3,memory=12], were tried on
    four problems for 120 s: wRMSE .0073 and .067 on `mueller`, .0081 and .070 on `arc`, .16 and .10 on `double-well`, .37
    and .35 on the hot `triple-well`.

    Args:
        width, depth: hidden units of a layer, hidden layers.
        alpha: weight of the boundary terms.
        gamma: weight of the whole loss.
        rate: learning rate of Adam.
        epochs: full-batch steps of one round.
        walkers: walkers, half of them started in A and half in B.
        moves: Langevin steps of every walker before each of the `records` of one round.
        records: times in a round at which all walkers are recorded.
        memory: last rounds whose records are trained on.
        samples: "own" for walkers under the Kolmogorov bias of the last round's committor; "tempered" for walkers at a
            higher temperature without a bias.
        strength: lambda of the Kolmogorov bias.
        heat: the tempered walkers' temperature over the problem's, > 1.

    Raises:
        ValueError: a value outside its range.
    """

    width: int = 32
    depth: int = 2
    alpha: float = 0.1
    gamma: float = 1e4
    rate: float = 3e-3
    epochs: int = 200
    walkers: int = 200
    moves: int = 20
    records: int = 10
    memory: int = 4
    samples: str = "own"
    strength: float = 1.0
    heat: float = 4.0

    def __post_init__(self) -> None:
        at_least(self, width=1, depth=1, epochs=1, moves=1, records=1, memory=1)
        one_of(self, "samples", ("own", "tempered"))
        if self.walkers < 2:
            raise ValueError(
                f"walkers is {self.walkers}; expected a whole number >= 2: some in A, some in B."
            )
        above_zero(self, "alpha", "gamma", "rate", "strength")
        if not 1.0 < self.heat < math.inf:
            raise ValueError(f"heat is {self.heat}; expected a number > 1: the law itself needs no weights.")


@dataclass(frozen=True, kw_only=True)
class FpcrossParameters:
    """Parameters of `fpcross`; the defaults are those of its own Ornstein-Uhlenbeck demonstration.

    Args:
        nodes: Chebyshev nodes of each axis on the first rung, >= 4.
        steps: on the first rung: to the horizon of a law in time, or in `time` towards a stationary law.
        accuracy: e of the package on the first rung, its tolerance of truncation and cross approximation.
        time: that one rung runs towards a stationary law.

    Raises:
        ValueError: a value outside its range.
    """

    nodes: int = 30
    steps: int = 100
    accuracy: float = 1e-4
    time: float = 5.0

    def __post_init__(self) -> None:
        at_least(self, nodes=4, steps=1)
        above_zero(self, "accuracy", "time")


def reversible_up_to_three_dimensions(facts: mfbench.Facts) -> str | None:
    """A tensor basis has N^d functions, and the package's system for them is dense."""
    if facts.dim > 3:
        return f"a tensor basis needs N^d functions; d = {facts.dim} > 3"
    return reversible_only(facts)


def known_drift_scalar_noise(facts: mfbench.Facts) -> str | None:
    """The package's equation: D lap p - div(f p), f(x, t) known, in a box with as many nodes on each axis."""
    if not 2 <= facts.dim <= 10:
        return f"its tensor trains were tried from two coordinates to ten; d is {facts.dim}"
    return scalar_noise_only(facts) or linear_only(facts) or unbounded_space_only(facts)


COMMITTOR_KMC = mfbench.SolverEntry(
    name="committor-kmc",
    task="committor",
    summary="The Ritz committor of committor-kmc in ever larger bases of cosines, on a quadrature of the box.",
    source=(
        "committor-kmc 0.1, build_dirichlet_model and solve_committor with CosineTensorBasis. The quadrature is ours: "
        "the package takes weighted points, and has none for a potential that is known."
    ),
    run="mfbench_peers.kmc_committor:solve",
    parameters=CommittorKmcParameters,
    supports=reversible_up_to_three_dimensions,
    extras=("peers",),
)

MLCOLVAR = mfbench.SolverEntry(
    name="mlcolvar",
    task="committor",
    summary="The committor of mlcolvar, trained in rounds on walkers under its own Kolmogorov bias, or on tempered ones.",
    source=(
        "mlcolvar 1.3, mlcolvar.cvs.Committor; Kang, Trizio, Parrinello, Nat. Comput. Sci. 4 (2024) 451. The walkers, "
        "biased or tempered, are ours, since the package has none."
    ),
    run="mfbench_peers.mlcolvar_committor:solve",
    parameters=MlcolvarParameters,
    supports=reversible_only,
    extras=("peers",),
)

FPCROSS = mfbench.SolverEntry(
    name="fpcross",
    task="fokker-planck",
    summary="The split steps of fpcross: tensor trains on Chebyshev nodes by cross approximation, on ever finer grids.",
    source=(
        "fpcross 0.5.5, Equation and FPCross; Chertkov, Oseledets, Frontiers in Artificial Intelligence 4 (2021), "
        "arXiv 2102.08143. Derivatives of the drift are differences; the ladder of grids is ours."
    ),
    run="mfbench_peers.fpcross_law:solve",
    parameters=FpcrossParameters,
    supports=known_drift_scalar_noise,
    extras=("peers",),
)
