"""The entry of `particles`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least
from mfbench.demands import transient_only
from mfbench_jax.walkers_step import stable_share


@dataclass(frozen=True, kw_only=True)
class ParticlesParameters:
    """Parameters of `particles`.

    Args:
        walkers: followed together.
        step_share: time step times the norm of the drift's Jacobian: the bias of Euler-Maruyama is of this order.
        components: at most so many Gaussians in a mixture.
        keep: walkers that a density is fitted to at most.
        max_steps: over the horizon; a drift that needs more is too stiff.

    Raises:
        ValueError: a value outside its range.
    """

    walkers: int = 2000
    step_share: float = 0.02
    components: int = 32
    keep: int = 64_000
    max_steps: int = 200_000

    def __post_init__(self) -> None:
        at_least(self, walkers=100, components=1, keep=self.walkers, max_steps=64)
        stable_share(self)


PARTICLES = mfbench.SolverEntry(
    name="particles",
    task="fokker-planck",
    summary="An Euler-Maruyama ensemble and, at each time asked, the Gaussian mixture that held-out walkers like best.",
    source="Kloeden, Platen, Numerical Solution of SDEs, 10.2; mixtures: Dempster, Laird, Rubin, JRSS B 39 (1977) 1.",
    run="mfbench_jax.particles:solve",
    parameters=ParticlesParameters,
    supports=transient_only,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
