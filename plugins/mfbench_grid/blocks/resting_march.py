"""A train brought to rest under split steps of one length: pivots chosen, frozen, and chosen anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_grid.blocks.anderson import Anderson
from mfbench_grid.blocks.frozen_cross import FrozenCross
from mfbench_grid.blocks.held_law import Answer, Envelope, Held, first_law, nearest, positions
from mfbench_grid.blocks.law_frame import LawFrame
from mfbench_grid.blocks.law_train import at_nodes, growing, value
from mfbench_grid.blocks.rest_frame import covariance_of, framed
from mfbench_grid.blocks.resting_step import RestingStep
from mfbench_grid.blocks.romberg import rms
from mfbench_grid.blocks.traced_back import traced_back

LOOSE, TIGHTER = 3e-2, 1e-1
"""Tolerance of the very first cross approximations, and by how much the next one of a level is smaller."""
GENTLY = 0.3
"""The same once choices of pivots have failed on a level."""
AT_REST = 1e-2
"""Change in a step, in units of the tolerance, at which the values of frozen pivots are at rest."""
DEPTH, STEPS, ROUNDS = 8, 80, 40
"""Of Anderson's mixing; steps at most between two choices of pivots; choices at most on a level."""
FAILURES = 3
"""Choices of pivots in a row that do not come to rest, after which tolerances shrink gently, or, where they do already,
the level stays with the last that did; so it does after the first one where its noise matters no more."""
RUNAWAY = 3.0
"""Times the least change so far that a step may change values by; beyond it frozen pivots do not attract."""
SHRINKS = 0.3
"""Of a new choice's change of the answer from that of the choice before: above it, another one is of no use."""
MIXED = 0.03
"""Change in a step above which steps follow each other unmixed: so far from rest nothing is linear."""
REACH = 0.1
"""Of a step of the paths' rule times the norm of the drift's Jacobian."""
CROOKED = 10.0
"""Correlation of two coordinates, in units of the tolerance, from which the law gets axes of its own."""


class Rest:
    """From a law to the law at rest with steps dt, level by level.

    Args:
        problem: with noise of one strength.
        most: largest rank.
        norm: of the drift's Jacobian where walkers are.
        frame: of walkers at rest.
        rng: draws where searches for pivots start.

    Attributes:
        at_rest: whether the last level is.
        rank: the largest of the train.
        tolerance: at which it rests.
        noise: of its answer, root mean square in nats at places, from cross approximation: the change from the choice of
            pivots before it; infinite where there was none.
        gained: its total after a step, before that was set to 1 again.
        unseen: its largest error at walkers' places and farther out, in units of the largest value.
        lifted: share of walkers' places where it is below the least density believed.
    """

    def __init__(
        self,
        problem: FokkerPlanckProblem,
        most: int,
        norm: float,
        frame: LawFrame,
        rng: np.random.Generator,
    ) -> None:
        self.problem, self.most, self.norm, self.rng = problem, most, norm, rng
        self.at_rest, self.rank, self.tolerance, self.noise = False, 1, math.inf, math.inf
        self.gained, self.unseen, self.lifted = 0.0, 0.0, 0.0
        self._evaluations = frame.evaluations
        self._law, self._turning = first_law(frame, LOOSE, rng)

    @property
    def work(self) -> dict[str, int]:
        """As checkpoints state it."""
        return {"evaluations": self._evaluations}

    @property
    def reports(self) -> dict[str, float]:
        """Of the last train."""
        return {
            "rank": float(self.rank),
            "tolerance": self.tolerance,
            "noise": self.noise,
            "total": self.gained,
            "unseen": self.unseen,
            "lifted": self.lifted,
        }

    def over(
        self,
        dt: float,
        nodes: int,
        loose: float,
        accuracy: float,
        places: np.ndarray,
        enough: Callable[[np.ndarray], float] = lambda _: 0.0,
    ) -> Iterator[Answer | None]:
        """One level: an answer for every tolerance at which it rests, None meanwhile.

        Args:
            dt: step.
            nodes: along each axis.
            loose, accuracy: first and last tolerance of cross approximations.
            places: (n, d) of walkers, in the problem's coordinates.
            enough: from an answer's log-density at places, (n,), the noise in nats that matters no more.
        """
        tolerance, shrink, self.at_rest, repeat = max(loose, accuracy), TIGHTER, False, math.inf
        variance = 2.0 * self.problem.diffusion * dt
        frame = framed(places, self._law.frame.basis, nodes, 0)
        last: Answer | None = None
        here, self.noise = np.zeros(len(places)), math.inf
        rested, told, failed = self._law, (self.rank, self.unseen, self.gained), 0
        for _ in range(ROUNDS):
            resting, moved = False, self._law
            try:
                for state in self._frozen(frame, dt, tolerance):
                    if state is None:
                        yield None
                    else:
                        moved, resting = state
            except np.linalg.LinAlgError:  # values ran away until their pivots tell nothing apart
                moved, resting = self._law, False
            self._law = moved
            if not resting:
                failed += 1
                if self.noise <= enough(here):
                    break
                if last is not None and failed == FAILURES:
                    if shrink == GENTLY:
                        break
                    tolerance, shrink, failed = max(accuracy, GENTLY * self.tolerance), GENTLY, 0
                continue
            rested, told, failed = moved, (self.rank, self.unseen, self.gained), 0
            answer = Answer.of(moved, variance / 2.0, places)
            here, before_here = answer.log_density(places), here
            self.noise = math.inf if last is None else rms(here - before_here)
            self.tolerance, self.lifted = tolerance, answer.lifted(places)
            before, repeat = repeat, math.inf if last is None else differ(last, answer, places)
            yield answer
            if tolerance <= accuracy and repeat > SHRINKS * before:
                self.at_rest = True
                return
            covariance = covariance_of(moved.cores, frame.axes)
            widths = np.sqrt(np.diag(covariance))
            crooked = np.abs(covariance / np.outer(widths, widths) - np.eye(len(widths)))
            if self._turning and np.max(crooked) > CROOKED * tolerance:
                frame = framed(places, frame.basis @ np.linalg.eigh(covariance)[1], nodes, 0)
            last, tolerance = answer, max(accuracy, shrink * tolerance)
        if last is not None:
            self._law, self.at_rest = rested, True
            self.rank, self.unseen, self.gained = told

    def _frozen(self, frame: LawFrame, dt: float, tolerance: float) -> Iterator[tuple[Held, bool] | None]:
        """A step at new pivots, and as many more at these as it takes; the law, and whether it rests."""
        box = np.array([[axis[0], axis[-1]] for axis in frame.axes]).T
        steps = max(1, math.ceil(dt * self.norm / REACH))
        variance = 2.0 * self.problem.diffusion * dt
        spread_law = self._law.after(variance)
        envelope = Envelope(frame)

        def drift(y: np.ndarray) -> np.ndarray:
            self._evaluations += len(y)
            return np.asarray(self.problem.drift(y @ frame.basis.T, 0.0)) @ frame.basis

        def carried(y: np.ndarray) -> np.ndarray:
            back, growth = traced_back(drift, y, dt, steps, box)
            return spread_law(back @ frame.basis.T) * growth / envelope(y)

        tests = nearest(frame, frame.places[0])
        first = tests[int(np.argmax(carried(positions(frame, tests))))]
        for cross in growing(carried, frame.axes, first, tolerance, self.rng, tests):
            yield None
            self.rank = max(cross.ranks, default=1)
            if self.rank >= self.most:
                break
        truth = carried(positions(frame, tests))
        self.unseen = float(np.max(np.abs(at_nodes(cross.cores(), tests) - truth)) / cross.largest)
        pivots = FrozenCross(cross, frame.axes, envelope.factors)
        under = envelope(pivots.points)
        back, growth = traced_back(drift, pivots.points, dt, steps, box)
        step = RestingStep(pivots, frame.axes, back, growth / under, variance)
        mixing, values = Anderson(DEPTH), step.normalised(pivots.first)
        before = self._law.after(0.0)(pivots.points @ frame.basis.T) / under
        before *= np.sum(values * before) / np.sum(before * before)
        best, least, self.gained = values, distance(values, before), step.gained
        for _ in range(STEPS):
            image = step.image(values)
            change = distance(image, values)
            if change < least:
                least, best, self.gained = change, image, step.gained
            if not change < RUNAWAY * max(least, tolerance) or least < AT_REST * tolerance:
                break
            values = image if change > MIXED else mixing.next(values, image)
            yield None
        yield Held(frame, pivots.cores(best)), least < AT_REST * tolerance


def differ(last: Answer, now: Answer, places: np.ndarray) -> float:
    """The largest difference of two answers at places (n, d), in units of the largest density there."""
    before, after = (value(answer.train, places @ answer.basis) for answer in (last, now))
    return float(np.max(np.abs(after - before)) / np.max(after))


def distance(now: np.ndarray, before: np.ndarray) -> float:
    """Largest difference in units of the largest value, as tolerances of cross approximations are."""
    return float(np.max(np.abs(now - before)) / np.max(np.abs(now)))
