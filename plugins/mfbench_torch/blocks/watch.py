"""What a solver must not pass over in silence: walkers outside the box, and energies that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from mfbench import Diverged
from mfbench.frames import like

from .landscape import Places

NEVER = -1


class Watch(NamedTuple):
    """Plain numbers.

    Args:
        step: the first step at which beta V was not finite at a place that a walker tried; NEVER so far.
        energy: beta V there.
        number: of such places at that step.
        escaped: walkers outside the problem's box, summed over steps; nobody is moved back.
    """

    step: int = NEVER
    energy: float = 0.0
    number: int = 0
    escaped: int = 0


def nothing(places: Places) -> Watch:
    """Before the first step, after a look at the places where walkers start."""
    return tried(Watch(), 0, places)


def tried(watch: Watch, step: int, places: Places) -> Watch:
    """After walkers tried these places at a step."""
    bad = ~torch.isfinite(places.energy)
    if watch.step != NEVER or not torch.any(bad):
        return watch
    return watch._replace(step=step, energy=float(torch.sum(places.energy[bad])), number=int(torch.sum(bad)))


def counter(box: np.ndarray) -> Callable[[Watch, Places], Watch]:
    """A function that counts walkers at places outside the box (2, d)."""

    def count(watch: Watch, places: Places) -> Watch:
        low, high = like(box, places.x)
        outside = torch.any((places.x < low) | (places.x > high), dim=-1)
        return watch._replace(escaped=watch.escaped + int(torch.sum(outside)))

    return count


def check(watch: Watch, step: int, objective: float, begun: int = 0) -> None:
    """End the trial as diverged if beta V or the objective was not finite.

    Args:
        watch: of the walkers, which counts their steps.
        step: that the trial has come to.
        objective: of the training.
        begun: the trial's step at which these walkers began.

    Raises:
        Diverged: with the step and the energy.
    """
    if watch.step != NEVER:
        raise Diverged(
            f"step {begun + watch.step}: beta V is {watch.energy} at {watch.number} places that walkers "
            "tried; expected finite values where the sampler goes. Bound the potential, or shorten the range of V."
        )
    if not math.isfinite(objective):
        raise Diverged(f"step {step}: the Ritz energy is {objective}; expected a finite number.")
