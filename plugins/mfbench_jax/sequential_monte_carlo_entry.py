"""The entry of `sequential-monte-carlo`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least
from mfbench.demands import one_elliptic_equation


@dataclass(frozen=True, kw_only=True)
class SequentialMonteCarloParameters:
    """Parameters of `sequential-monte-carlo`.

    Args:
        walkers: of each run.
        kept: the next temperature leaves this share of the walkers as effective sample size, in (0, 1).
        moves: Metropolis-adjusted Langevin steps at each temperature.
        panels: of the line integral from the start's centre, 8 evaluations of the drift each.
        burn_in: Euler-Maruyama steps of the walkers whose Gaussian the first law is.

    Raises:
        ValueError: a value outside its range.
    """

    walkers: int = 4096
    kept: float = 0.9
    moves: int = 10
    panels: int = 4
    burn_in: int = 400

    def __post_init__(self) -> None:
        at_least(self, walkers=16, moves=1, panels=1, burn_in=2)
        if not 0.0 < self.kept < 1.0:
            raise ValueError(f"kept is {self.kept}; expected a share in (0, 1).")


def gradient_only(facts: mfbench.Facts) -> str | None:
    """Only then log p is a line integral of the drift, up to its constant."""
    return one_elliptic_equation(facts) or (
        None if "gradient" in facts.flags else "needs a drift that is a gradient"
    )


SEQUENTIAL_MONTE_CARLO = mfbench.SolverEntry(
    name="sequential-monte-carlo",
    task="fokker-planck",
    summary="log p as the line integral of a gradient drift; log Z by tempering walkers from a Gaussian to p.",
    source=(
        "Del Moral, Doucet, Jasra, J. R. Stat. Soc. B 68 (2006) 411, sections 2 and 3.3.2 (tempering, MCMC kernels); "
        "next temperature by effective sample size: Jasra et al., Scand. J. Stat. 38 (2011) 1."
    ),
    run="mfbench_jax.sequential_monte_carlo:solve",
    parameters=SequentialMonteCarloParameters,
    supports=gradient_only,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
