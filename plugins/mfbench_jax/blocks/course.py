"""Where a run of `gauss-newton` stands on its way from the hottest equation to the given one, and how far a step may go.

The rules are those of `cooling`; here is what they are asked about: the residuals so far, and the clock.
"""

from __future__ import annotations

from mfbench import Context

from . import cooling
from .weighted_residual import FINE, ROUGH

ACCURATE = 0.01
"""Residual of the given equation below which what the walkers see counts for the rate."""
BEHIND = 0.85
"""Share of the time after which cooling at the pace so far must not end: beyond, hot equations get few points."""
PACED = 4
"""Steps with few points until their pace is known."""


class Course:
    """The equations in the order of their temperatures, the first of them the hottest.

    Args:
        context: its clock and its budget.
        ample: whether points outnumber parameters; where they do not, long steps would do what they like between points,
            and every equation looks solved.
        most: bound on the change of z in a step, at any time.

    Attributes:
        heat: temperature of the equation, in units of the given one.
        misses: residuals after the steps so far; once the given equation is reached, of that one alone.
        trust: bound on the change of z in the next step.
        flatness: of the next step's weights.
    """

    def __init__(self, context: Context, ample: bool, most: float) -> None:
        self.heat, self.misses = cooling.HOTTEST, list[float]()
        self._context, self._ample, self._most = context, ample, most
        self.trust = min(self._least_trust, most)
        self.flatness = FINE
        self._began = context.elapsed()
        self._enough = cooling.SOLVED
        # Since when hot equations have few points, and after how many steps.
        self._behind: tuple[float, int] | None = None

    @property
    def accurate(self) -> bool:
        """Whether the given equation is solved so well that what the walkers see counts."""
        return self._given(ACCURATE)

    @property
    def solved(self) -> bool:
        """Whether the given equation is, so well that its solution is the answer."""
        return self._given(self._enough)

    @property
    def lost(self) -> bool:
        """Whether the given equation is given up."""
        return self.heat == 1.0 and cooling.lost(self.misses)

    @property
    def nowhere(self) -> bool:
        """Whether hot equations lead nowhere, or would come to the given one too late."""
        if self.heat == 1.0:
            return False
        return self._overtaken() or cooling.astray(
            self.heat, self.misses, hurried=self._spent(cooling.HURRIED)
        )

    @property
    def short(self) -> bool:
        """Whether the equation is a hot one with few points."""
        return self.heat > 1.0 and self._behind is not None

    def stepped(self, miss: float) -> None:
        """After a step that left such a residual."""
        self.misses.append(miss)
        if self.solved:  # by other weights from here on, residuals are other ones
            self.flatness, self._enough = FINE, cooling.SOLVED

    def start(self, few: bool) -> None:
        """All has been compiled; the time counts from here. `few`: there are never more than few points."""
        self._began = self._context.elapsed()
        self._behind = (self._began, 0) if few else None

    def shorten(self) -> None:
        """From here on few points for hot equations, if cooling would end too late: their solutions only lead to the next.

        Not for the hottest one, which few points do not tell from a wrong one.
        """
        if self._behind is None and 1.0 < self.heat < cooling.HOTTEST and self._late():
            self._behind = self._context.elapsed(), len(self.misses)

    def arrive(self) -> None:
        """At the given equation, without the hot ones, from a solution that one on its way is not to replace."""
        self.heat, self.misses, self.flatness = 1.0, [], ROUGH
        self.trust, self._enough = min(self._least_trust, self._most), cooling.UNSOLVED

    def again(self) -> None:
        """From another solution of the equation: whether that is lost is told by its own steps."""
        self.misses = []

    def proceed(self) -> None:
        """To the equation of the next step, and its trust, by what the last one left."""
        if not self.misses:
            return
        cooler = cooling.cooled(self.heat, self.misses, hurried=self._spent(cooling.COOLED))
        self.trust = cooling.trusted(self.trust, self._least_trust, self.misses, self._most)
        if cooler == 1.0 < self.heat:
            self.misses = []  # whether the given equation is lost is told by its own steps
        self.heat = cooler

    def _given(self, residual: float) -> bool:
        """Whether the given equation is reached, and its residual is no larger."""
        return self.heat == 1.0 and bool(self.misses) and self.misses[-1] <= residual

    @property
    def _least_trust(self) -> float:
        return cooling.HOT_TRUST if self._ample and self.heat > 1.0 else cooling.LEAST_TRUST

    @property
    def _time(self) -> float:
        return self._context.budget - self._began

    def _spent(self, share: float) -> bool:
        """Whether so much is over of the time that there was once all had been compiled."""
        return self._context.elapsed() - self._began > share * self._time

    def _late(self) -> bool:
        """Whether cooling at the pace so far would end too late."""
        pace = (self._context.elapsed() - self._began) / len(self.misses)
        return self._spent(BEHIND - pace * cooling.steps_left(self.heat) / self._time)

    def _overtaken(self) -> bool:
        """Whether cooling ends too late though its points are few."""
        if self._behind is None or len(self.misses) - self._behind[1] < PACED:
            return False
        now = self._context.elapsed()
        pace = (now - self._behind[0]) / (len(self.misses) - self._behind[1])
        return cooling.too_late(self._context.budget - now, pace, self.heat)
