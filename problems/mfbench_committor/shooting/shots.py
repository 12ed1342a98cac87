"""Shots: how often the process reaches B before A from given points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench_committor.shooting.dynamics import IN_B, OUTSIDE, Noise, System, Walkers

BATCH = 2048
"""Walkers at a time: few enough for the processor's cache, many enough for numpy."""


@dataclass(frozen=True, kw_only=True)
class Shots:
    """The outcome of `count` shots from each point.

    Args:
        in_b: (N,) shots that reached B first.
        count: shots from each point, all of which ended in A or B.
        steps: of all shots together.
        duration: their mean duration.
    """

    in_b: np.ndarray
    count: int
    steps: int
    duration: float


def shoot(system: System, x: np.ndarray, count: int, step: float, noise: Noise) -> Shots:
    """`count` independent shots from each of (N, d) points outside A and B, all run to their end.

    A walker that has ended is replaced by the next shot at once, so no time limit biases the outcome.
    """
    number = len(x)
    starts = np.ascontiguousarray(x.T, dtype=np.float32)
    # Shots of one point side by side would start and end together.
    owners = np.tile(np.arange(number), count)
    total = len(owners)
    running = owners[:BATCH].copy()
    walkers = Walkers(system, starts[:, running], step, noise)
    taken = len(running)
    in_b = np.zeros(number, dtype=np.int64)
    ended, steps = 0, 0
    while ended < total:
        hits = walkers.advance()
        steps += len(hits)
        done = np.flatnonzero(hits != OUTSIDE)
        if len(done) == 0:
            continue
        in_b += np.bincount(running[done[hits[done] == IN_B]], minlength=number)
        ended += len(done)
        fresh = done[: total - taken]
        if len(fresh):
            running[fresh] = owners[taken : taken + len(fresh)]
            walkers.place(fresh, starts[:, running[fresh]])
            taken += len(fresh)
        spent = done[len(fresh) :]
        if len(spent):
            kept = np.setdiff1d(np.arange(len(running)), spent)
            running = running[kept]
            walkers.select(kept)
    return Shots(in_b=in_b, count=count, steps=steps, duration=steps * step / total)
