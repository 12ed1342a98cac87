"""The entries of this package; importing them imports no framework."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class MlcolvarParameters:
    """Parameters of `mlcolvar`. Network, loss and bias are those of the package, with its defaults.

    Lengths of a round, rate, alpha and strength were tried in five combinations on `committor/mueller`, two of them
    also on `committor/double-well`; these are the ones that did well on both.

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
        strength: lambda of the Kolmogorov bias.

    Raises:
        ValueError: a value outside its range.
    """

    width: int = 32
    depth: int = 2
    alpha: float = 1.0
    gamma: float = 1e4
    rate: float = 1e-3
    epochs: int = 200
    walkers: int = 200
    moves: int = 20
    records: int = 10
    memory: int = 12
    strength: float = 1.0

    def __post_init__(self) -> None:
        at_least(self, width=1, depth=1, epochs=1, moves=1, records=1, memory=1)
        if self.walkers < 2:
            raise ValueError(
                f"walkers is {self.walkers}; expected a whole number >= 2: some in A, some in B."
            )
        above_zero(self, "alpha", "gamma", "rate", "strength")


def reversible_only(facts: mfbench.Facts) -> str | None:
    """The variational form exists for gradient drifts only."""
    return None if "reversible" in facts.flags else "Kolmogorov's variational form needs a gradient drift"


MLCOLVAR = mfbench.SolverEntry(
    name="mlcolvar",
    task="committor",
    summary="The committor of mlcolvar, trained in rounds on walkers under its own Kolmogorov bias.",
    source=(
        "mlcolvar 1.3, mlcolvar.cvs.Committor; Kang, Trizio, Parrinello, Nat. Comput. Sci. 4 (2024) 451. The walkers are "
        "ours, since the package has none."
    ),
    run="mfbench_peers.mlcolvar_committor:solve",
    parameters=MlcolvarParameters,
    supports=reversible_only,
    extras=("peers",),
)
