"""`tensor-train` for laws in time: split steps of a density held as a tensor train.

    dp/dt = -div(b p) + D Lap p

1. Coordinates along the axes of walkers' covariance, intervals that hold the walkers at all times (`law_frame`).
2. Strang's splitting: noise for half a step, exactly, coordinate by coordinate; drift for a step along characteristics,
   p(x, t + dt) = p(X(x), t) e^{-int div b}, as a train by greedy cross approximation; noise for half a step (`law_train`).
   The total, which cross approximation keeps only to its tolerance, is set to 1 again.
3. With dt, dt/2, dt/4, ...: log p_dt = log p + c dt^2 + O(dt^4), extrapolated where the corrections of the last two
   levels shrink like dt^2.

Source: Chertkov, Oseledets, arXiv 2102.08143; frame, splines, spectral noise and extrapolation are ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mfbench.solver import Checkpoint, Context, Diverged
from mfbench.tasks.transient import TransientProblem, at_times
from mfbench_grid.blocks.law_frame import LawFrame, carried_back, law_frame
from mfbench_grid.blocks.law_train import SplineTrain, crossed, splined, spread, total, value
from mfbench_grid.fokker_planck_tensor_train_entry import TensorTrainInTimeParameters

CONFIRMED_ORDER = (1.5, 2.5)
LIFT = 1e-12
"""Of the largest value among walkers' places; what is below says nothing but round-off and is set to it."""
FARTHEST = 3.0
"""Nats by which the corrections of two levels are taken for an error of order dt^2."""
CONVERGED = 1e-9


class LawInTime(NamedTuple):
    """What the log-density is evaluated from.

    Args:
        times: (T,).
        basis: of the coordinates.
        trains: at each time; and those of twice the step, or None where these are not to be used.
        floors: least density at each time.
    """

    times: np.ndarray
    basis: np.ndarray
    trains: tuple[tuple[SplineTrain, SplineTrain | None], ...]
    floors: tuple[float, ...]


def solve(
    problem: TransientProblem, parameters: TensorTrainInTimeParameters, context: Context
) -> Iterator[Checkpoint]:
    """An answer per level of steps; the last one is yielded meanwhile. Ends when nothing changes any more.

    Reports "change": root mean square, in nats at walkers' places, from the last level's answer to this one; "rank", the
    largest; "total": what was to be set to 1, less 1, the largest of all steps. Work: "evaluations" of the drift.

    Raises:
        Diverged: noise that is not of one strength in all directions; no level gave a density.
    """
    if problem.diffusion is None:
        raise Diverged("tensor-train: noise depends on place or direction; splitting needs sqrt(2 D) I.")
    rng = np.random.default_rng(context.seed)
    march = Split(problem, law_frame(problem, parameters.nodes, rng), parameters.accuracy, rng)
    times, checkpoint = (0.0, *problem.times), None
    counts = [max(2, math.ceil(parameters.steps * (b - a) / problem.horizon)) for a, b in pairwise(times)]
    last: list[SplineTrain] | None = None
    shifts = [math.nan] * len(problem.times)
    for _ in range(parameters.levels):
        found: list[SplineTrain] = []
        for train in march.over(counts):
            if train is not None:
                found.append(train)
            elif checkpoint is not None:
                yield replace(checkpoint, work=march.work)
        counts = [2 * count for count in counts]
        pairs, floors, changes = [], [], []
        for number, train in enumerate(found):
            places = march.frame.places[number]
            now = value(train, places)
            floors.append(LIFT * float(np.max(now)))
            older = None
            if last is not None:
                shift = np.log(np.maximum(now, floors[-1])) - np.log(
                    np.maximum(value(last[number], places), floors[-1])
                )
                before, shifts[number] = shifts[number], float(np.sqrt(np.mean(shift**2)))
                changes.append(shifts[number])
                if confirmed(before, shifts[number]):
                    older = last[number]
            pairs.append((train, older))
        last = found
        checkpoint = Checkpoint(
            evaluate=log_density,
            state=LawInTime(np.array(problem.times), march.frame.basis, tuple(pairs), tuple(floors)),
            work=march.work,
            reports={"rank": float(march.rank), "total": march.gained}
            | ({"change": math.sqrt(float(np.mean(np.square(changes))))} if changes else {}),
        )
        yield checkpoint
        if changes and max(changes) < CONVERGED:
            return


def log_density(state: LawInTime, x: np.ndarray) -> np.ndarray:
    """log p of points (n, d + 1) with the time last; at the nearest time asked."""

    def at(number: int, y: np.ndarray) -> np.ndarray:
        train, older = state.trains[number]
        floor, place = state.floors[number], y @ state.basis
        now = np.log(np.maximum(value(train, place), floor))
        if older is None:
            return now
        shift = now - np.log(np.maximum(value(older, place), floor))
        return now + np.clip(shift, -FARTHEST, FARTHEST) / 3.0

    return at_times(x, state.times, at)


class Split:
    """From the initial density to the times asked.

    Attributes:
        evaluations: points at which the drift was evaluated.
        rank: the largest.
        gained: largest change of the total in a step.
    """

    def __init__(
        self, problem: TransientProblem, frame: LawFrame, accuracy: float, rng: np.random.Generator
    ) -> None:
        self.problem, self.frame, self.accuracy, self.rng = problem, frame, accuracy, rng
        self.evaluations, self.rank, self.gained = frame.evaluations, 1, 0.0

    @property
    def work(self) -> dict[str, int]:
        """As checkpoints state it."""
        return {"evaluations": self.evaluations}

    def over(self, counts: list[int]) -> Iterator[SplineTrain | None]:
        """None after every step, and the train at every time asked; so many steps from each time to the next."""
        frame, problem = self.frame, self.problem
        assert problem.diffusion is not None
        start = np.asarray(problem.initial_draw(np.random.default_rng(0), 1000)) @ frame.basis
        cores = self._crossed(
            lambda y: np.exp(np.asarray(problem.initial_log_density(y @ frame.basis.T))), start
        )
        intervals = zip(pairwise((0.0, *problem.times)), frame.places, counts, strict=True)
        for (begin, end), places, count in intervals:
            dt = (end - begin) / count
            cores = spread(cores, frame.spacings, problem.diffusion * dt)
            for number in range(1, count + 1):
                train, t = splined(frame.axes, cores), begin + number * dt
                cores = self._crossed(
                    lambda y, p=train, t=t, dt=dt: self._carried(p, y, t, dt), start, places
                )
                last = number == count
                cores = spread(cores, frame.spacings, problem.diffusion * dt * (1.0 if last else 2.0))
                yield None
            yield splined(frame.axes, cores)

    def _carried(self, train: SplineTrain, y: np.ndarray, t: float, dt: float) -> np.ndarray:
        back, growth = carried_back(self._drift, y, t, dt)
        return value(train, back) * np.exp(-growth)

    def _drift(self, y: np.ndarray, t: float) -> np.ndarray:
        self.evaluations += len(y)
        return np.asarray(self.problem.drift(y @ self.frame.basis.T, t)) @ self.frame.basis

    def _crossed(self, function: Callable[[np.ndarray], np.ndarray], *places: np.ndarray) -> list[np.ndarray]:
        index = np.concatenate([self._nearest(some) for some in places])
        nodes = np.stack([axis[i] for axis, i in zip(self.frame.axes, index.T, strict=True)], axis=1)
        first = index[int(np.argmax(function(nodes)))]
        cores = crossed(function, self.frame.axes, first, self.accuracy, self.rng)
        mass = total(cores, self.frame.spacings)
        self.gained = max(self.gained, abs(mass - 1.0))
        self.rank = max(self.rank, *(core.shape[2] for core in cores))
        return [cores[0] / mass, *cores[1:]]

    def _nearest(self, places: np.ndarray) -> np.ndarray:
        low = np.array([axis[0] for axis in self.frame.axes])
        numbers = np.rint((places[:1000] - low) / np.array(self.frame.spacings)).astype(int)
        return np.clip(numbers, 0, len(self.frame.axes[0]) - 1)


def confirmed(last: float, shift: float) -> bool:
    """The corrections of two levels in a row shrink like dt^2."""
    return last > 0 and shift > 0 and CONFIRMED_ORDER[0] <= math.log2(last / shift) <= CONFIRMED_ORDER[1]
