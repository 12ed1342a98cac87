"""Parameters that every particle solver of the task `regression` has; nothing here imports a framework."""

import math
from dataclasses import dataclass
from itertools import pairwise

from mfbench.checks import at_least


def read_milestones(text: str) -> tuple[int, ...]:
    """The steps of a list like "0+100+1000".

    Raises:
        ValueError: it is none, or they do not rise.
    """
    parts = text.split("+") if text else []
    steps = tuple(int(part) for part in parts if part.isdecimal())
    if len(steps) < len(parts) or any(first >= second for first, second in pairwise(steps)):
        raise ValueError(
            f"milestones is {text!r}; expected whole numbers, smallest first, joined by '+': '0+100+1000'."
        )
    return steps


@dataclass(frozen=True, kw_only=True)
class ParticleDescent:
    """Width, steps and batches of mean-field training.

    The noise of stochastic gradients has a variance proportional to dt / P for a batch of P: P ~ n keeps the loss ~ 1/n,
    P ~ n^2 is needed to see a faster law. The quench is such a larger batch, from one step on.

    Args:
        particles: units n.
        step: particle time of one step, dt; there is no 1/n in it. 0 for half of the largest that is stable for the
            particles as they are, found anew along the run, but at most .02.
        batch: fresh samples P of every step; 0 for n / 5, rounded down, but at least 1.
        quench_after: step from which on the batch is `quench_batch`; 0 for never.
        quench_batch: samples of every step of the quench; 0 for P^2.
        fixed_points: quasi-Monte Carlo points at which the loss is taken in every step instead of a fresh batch, the
            same in every run; 0 for none.
        sampled: use samples also where the loss is known in closed form.
        steps: after which the solver ends; 0 for none.
        milestones: steps whose network is kept whatever the clock says, smallest first, joined by "+": "0+100+1000".

    Raises:
        ValueError: a value outside its range.
    """

    particles: int = 256
    step: float = 0.0
    batch: int = 256
    quench_after: int = 0
    quench_batch: int = 0
    fixed_points: int = 0
    sampled: bool = False
    steps: int = 0
    milestones: str = ""

    def __post_init__(self) -> None:
        at_least(self, particles=1, batch=0, quench_after=0, quench_batch=0, fixed_points=0, steps=0)
        if not (self.step >= 0 and math.isfinite(self.step)):
            raise ValueError(f"step is {self.step}; expected a finite number >= 0.")
        read_milestones(self.milestones)

    def batch_at(self, step: int) -> int:
        """Samples of this step, counted from 0."""
        batch = self.batch or max(1, self.particles // 5)
        if self.quench_after and step >= self.quench_after:
            return self.quench_batch or batch**2
        return batch

    def until_change(self, step: int, most: int) -> int:
        """Steps from this one on, at most `most`, that have one batch size and do not go beyond the end."""
        stops = (self.quench_after, self.steps, *read_milestones(self.milestones))
        ends = [end - step for end in stops if end and end > step]
        if self.steps and step >= self.steps:
            return 0
        return min([most, *ends])
