"""The entry of `linear-ritz`, a control."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least, one_of


@dataclass(frozen=True, kw_only=True)
class LinearRitzParameters:
    """Parameters of `linear-ritz`.

    Args:
        basis: sines K whose coefficients are fitted, the dimension of theta.
        samples: n, of the Ritz energy.
        density: that they are drawn from: "equilibrium", mu; "umbrella", the equal mixture of mu in `windows` harmonic
            windows; "gradient", the oracle |grad q|^2 mu; "active", |grad f|^2 mu for the fit f to the samples so far, in
            `rounds` rounds of which each has twice as many samples as the one before.
        windows: of "umbrella", >= 2.
        rounds: of "active".
        walkers: 0 draws samples independently; else so many Metropolis walkers make them, which start in the law
            that they are to follow, the same number in each window.
        replicates: independent sets of n samples. The answer is fitted to the first; the excess risk that is reported
            is the mean over all.

    Raises:
        ValueError: a value outside its range, walkers that do not divide samples or do not fit the windows, walkers
            for the density "active", fewer samples than its rounds ask for.
    """

    basis: int = 8
    samples: int = 100_000
    density: str = "equilibrium"
    windows: int = 8
    rounds: int = 8
    walkers: int = 0
    replicates: int = 1

    def __post_init__(self) -> None:
        at_least(self, basis=1, samples=1, windows=2, rounds=1, walkers=0, replicates=1)
        one_of(self, "density", ("equilibrium", "umbrella", "gradient", "active"))
        if self.walkers and self.samples % self.walkers:
            raise ValueError(
                f"walkers is {self.walkers}; expected a divisor of samples = {self.samples}, as each makes the same number."
            )
        if self.walkers and self.density == "active":
            raise ValueError(
                f"walkers is {self.walkers}; expected 0 with density=active, which is drawn independently."
            )
        if self.density == "umbrella" and self.walkers % self.windows:
            raise ValueError(
                f"walkers is {self.walkers}; expected a multiple of windows = {self.windows}, or 0."
            )
        if self.density == "active" and self.samples < 2**self.rounds:
            raise ValueError(
                f"samples is {self.samples}; expected 2^rounds = {2**self.rounds} at least with density=active."
            )


def separable_only(facts: mfbench.Facts) -> str | None:
    """The basis is one of functions of a single coordinate."""
    if "separable" in facts.flags and "reversible" in facts.flags:
        return None
    return "its basis are functions of one coordinate, on which the committor must depend alone (separable, reversible)"


LINEAR_RITZ = mfbench.SolverEntry(
    name="linear-ritz",
    task="committor",
    summary="Ritz energy over a linear basis, fitted to samples of a chosen density; for the asymptotics of sampling.",
    source=(
        "Asymptotic variance of importance-sampled M-estimators: van der Vaart, Asymptotic Statistics (1998), theorem 5.21, "
        "for the energy of Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334; density=active by deterministic mixture "
        "weights: Cornuet, Marin, Mira, Robert, Scand. J. Stat. 39 (2012) 798."
    ),
    run="mfbench_grid.linear_ritz:solve",
    parameters=LinearRitzParameters,
    supports=separable_only,
    extras=("grid",),
    control=True,
)
