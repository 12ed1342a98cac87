"""The entry of `particles-at-rest`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least
from mfbench.demands import scalar_noise_only, stationary_only, unbounded_space_only
from mfbench_jax.walkers_step import stable_share


@dataclass(frozen=True, kw_only=True)
class ParticlesAtRestParameters:
    """Parameters of `particles-at-rest`.

    Args:
        walkers: of the one system; where they interact, their law differs from that of infinitely many by O(1 / walkers).
        step_share: time step times the norm of the drift's Jacobian: the bias of Euler-Maruyama is of this order.
        components: at most so many Gaussians in the mixture.
        snapshots: of all walkers in a round, equally far apart in time.
        keep: walkers of all snapshots that a density is fitted to at most.

    Raises:
        ValueError: a value outside its range.
    """

    walkers: int = 4000
    step_share: float = 0.02
    components: int = 32
    snapshots: int = 16
    keep: int = 64_000

    def __post_init__(self) -> None:
        at_least(self, walkers=100, components=1, snapshots=1, keep=self.walkers)
        stable_share(self)


def stationary_in_space(facts: mfbench.Facts) -> str | None:
    """Gaussians have no periods, and steps are those of one strength of noise."""
    return stationary_only(facts) or unbounded_space_only(facts) or scalar_noise_only(facts)


PARTICLES_AT_REST = mfbench.SolverEntry(
    name="particles-at-rest",
    task="fokker-planck",
    summary="An Euler-Maruyama system that runs ever longer, and the Gaussian mixture that held-out walkers like best.",
    source="Kloeden, Platen, Numerical Solution of SDEs, 17.1; mixtures: Dempster, Laird, Rubin, JRSS B 39 (1977) 1.",
    run="mfbench_jax.particles_at_rest:solve",
    parameters=ParticlesAtRestParameters,
    supports=stationary_in_space,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
