"""The entry of `particle-sgd-torch` for the task `regression`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least, finite_from


@dataclass(frozen=True, kw_only=True)
class ParticleDescent:
    """Width, steps and batches of mean-field training, as in `particle-sgd`.

    Args:
        particles: units n.
        step: particle time of one step, dt; there is no 1/n in it. 0 for half of the largest that is stable for the
            particles as they are, found anew along the run, but at most .02.
        batch: fresh samples P of every step; 0 for n / 5, rounded down, but at least 1.
        quench_after: step from which on the batch is `quench_batch`; 0 for never.
        quench_batch: samples of every step of the quench; 0 for P^2.
        sampled: use samples also where the loss is known in closed form.
        steps: after which the solver ends; 0 for none.

    Raises:
        ValueError: a value outside its range.
    """

    particles: int = 256
    step: float = 0.0
    batch: int = 256
    quench_after: int = 0
    quench_batch: int = 0
    sampled: bool = False
    steps: int = 0

    def __post_init__(self) -> None:
        at_least(self, particles=1, batch=0, quench_after=0, quench_batch=0, steps=0)
        finite_from(self, step=0.0)

    def batch_at(self, step: int) -> int:
        """Samples of this step, counted from 0."""
        batch = self.batch or max(1, self.particles // 5)
        if self.quench_after and step >= self.quench_after:
            return self.quench_batch or batch**2
        return batch


PARTICLE_REGRESSION = mfbench.SolverEntry(
    name="particle-sgd-torch",
    task="regression",
    summary="The twin of particle-sgd in torch: SGD of a mean-field network in particle time.",
    source="Rotskoff, Vanden-Eijnden, arXiv 1805.00915, section 4.",
    run="mfbench_torch.particle_regression:solve",
    parameters=ParticleDescent,
    extras=("torch",),
    devices=("cpu", "cuda"),
)
