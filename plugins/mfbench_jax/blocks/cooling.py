"""From the solution of a hotter process to that of the given one: when to cool, how far to trust a step, when to give up.

All rules look at the misses: of every step, the weighted residual in units of what has to cancel in it.
"""

from __future__ import annotations

import numpy as np

HOTTEST = 16.0
"""Temperature of the first equation, in units of the given one."""
COOLING = 40
"""Steps over which it falls, in equal ratios; half as many once time is short."""
RATIO = HOTTEST ** (1.0 / COOLING)
SOLVED = 0.1
"""Residual, in units of what has to cancel in it, below which an equation counts as solved."""
FALLING = 0.8
"""Ratio of the residual to that of LATELY steps before, below which one waits for it."""
COOLED = 0.6
"""Share of the budget, less what compiling took, after which nothing is waited for."""
LATEST = 0.6
"""Share of the time left that cooling may take once it has been hurried: beyond, the given equation would not be solved."""
LATELY = 8
"""Steps over which the fall of the residual is judged."""
PATIENCE, HURRIED = 20, 0.25
"""Steps that hot equations have before they are judged to lead nowhere, unless the residual rises before; the first one also
has no more than a share of the time, where steps are slow."""
RISEN = 1.3
"""Ratio of the first equation's residual to its lowest so far above which the steps lead away: on the way to a solution
it stays below 1.2."""
LOST = 0.2
"""Residual of a hot equation above which it cannot be followed, once it is not falling."""
HOPELESS, FEWEST = 0.4, 4
"""Residual of what was taught, and typical residual of the last steps after the first few, above which the given equation is
given up. Where a network cannot hold the answer it is .5 and more from the start; where it can, it was .32 at most, and fell
slowly for twenty steps."""
UNSOLVED, LONG = 0.03, 60
"""Typical residual of the last steps above which the given equation is given up as well, if it is falling neither over so
many steps nor over the last few: it leaves slow exchange between basins undetermined, which hardly shows in it. Next to
small sets it rises for thirty to fifty steps before it falls."""
LEAST_TRUST, HOT_TRUST, GAINED, WITHDRAWN = 0.3, 0.6, 1.4, 0.7
"""The bound on the change of z in a step: at first and at least, for the given equation and for hot ones, which have no
barriers that keep walkers from following; its factors after a step that left a solved equation, and after another one."""


def cooled(heat: float, misses: list[float], hurried: bool) -> float:
    """The temperature of the next equation: that of the last while its residual is falling but large, else a lower one.

    Args:
        heat: temperature of the last one.
        misses: of the steps so far.
        hurried: nothing is waited for, and the next is twice as far.
    """
    if hurried:
        return _lower(heat, RATIO**2)
    judged = heat < HOTTEST or len(misses) > PATIENCE
    done = misses[-1] < SOLVED or (judged and stuck(misses))
    return _lower(heat, RATIO) if done else heat


def _lower(heat: float, ratio: float) -> float:
    """The given temperature itself where rounding alone parts it from that."""
    return heat / ratio if heat / ratio > 1.0 + 1e-9 else 1.0


def steps_left(heat: float) -> float:
    """Steps until the given temperature is reached, if every equation is solved at once."""
    return float(np.log(heat) / np.log(RATIO))


def too_late(left: float, pace: float, heat: float) -> bool:
    """Whether cooling as fast as is allowed ends when nearly nothing is left of the time.

    Args:
        left: seconds of the budget.
        pace: seconds of a step.
        heat: temperature of the equation.
    """
    return pace * steps_left(heat) / 2.0 > LATEST * left


def astray(heat: float, misses: list[float], hurried: bool) -> bool:
    """Whether the first equation is not found, or a later one that is still hot cannot be followed."""
    if heat == HOTTEST and min(misses[-2:], default=0.0) > RISEN * min(misses, default=0.0):
        return True
    if heat == HOTTEST and hurried and stuck(misses):
        return True
    judged = heat > 1.0 and len(misses) > PATIENCE
    return judged and stuck(misses) and (heat == HOTTEST or misses[-1] > LOST)


def stuck(misses: list[float]) -> bool:
    """Whether the last equation is neither solved nor its residual falling."""
    return len(misses) > LATELY and misses[-1] > max(SOLVED, FALLING * misses[-1 - LATELY])


def trusted(trust: float, least: float, misses: list[float], most: float) -> float:
    """The bound on the next step's change of z."""
    factor = GAINED if misses[-1] < SOLVED else WITHDRAWN
    return min(max(trust * factor, least), most)


def lost(misses: list[float]) -> bool:
    """Whether the equation is given up: the last steps, all of them at the given temperature, left too large a residual."""
    if len(misses) < FEWEST:
        return False
    last = float(np.median(misses[-LATELY:]))
    if len(misses) < LONG:
        return last > max(HOPELESS, FALLING * misses[0])
    before = float(np.median(misses[-LONG : LATELY - LONG]))
    return last > max(UNSOLVED, FALLING * before) and misses[-1] > FALLING * misses[-1 - LATELY]
