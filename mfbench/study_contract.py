"""What a study entry must be before anybody relies on it: its shape alone, no look at other entries."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from mfbench.names import ENTRY_NAME, NameProblem, parse_selector
from mfbench.study import Arm, Prediction, StudyEntry, Term

LAWS = {"power": 2, "power-with-floor": 3, "exponential": 2, "amplitude": 1}
"""Law -> how many numbers it fits: so many different values it needs at least."""

STATISTICS = ("geometric-mean", "mean", "median", "variance")

NAMED = ("metric", "report")
COSTS = ("seconds-to", "work-to")
SHARE = "below"
QUANTITIES = (
    "error",
    "metric:NAME",
    "report:NAME",
    "below:NAME:BOUND",
    "seconds-to:TARGET",
    "work-to:TARGET",
    "solution",
    "deviation",
)
TIMED = ("error", "solution", "deviation")
"""Quantities that can be read at times."""

CLOCK = "clock"
"""What a law of the times is a function of: see `StudyEntry.against`."""

LEAST_SEEDS = 3
"""With fewer, a bootstrap interval means nothing."""

PARTS = ("solver", "problem")


class StudyProblem(ValueError):
    """A study entry that is not what `StudyEntry` says."""


def check_study(where: str, entry: StudyEntry) -> None:
    """Refuse an entry that is not what `StudyEntry` says.

    Raises:
        StudyProblem: the first flaw, with what was got and what was expected.
    """
    for flaw in _flaws(entry):
        raise StudyProblem(f"{where}: {flaw}")


def _flaws(entry: StudyEntry) -> Iterator[str]:
    if not isinstance(entry.arms, tuple) or not entry.arms or not all(isinstance(a, Arm) for a in entry.arms):
        yield f"arms are {entry.arms!r}; expected a tuple of mfbench.Arm."
    limit = () if entry.limit is None else (entry.limit,)
    yield from _expected(
        "limit", entry.limit, all(isinstance(arm, Arm) for arm in limit), "an mfbench.Arm or None"
    )
    for arm in (*entry.arms, *limit):
        yield from _arm_flaws(arm)
    yield from _expected(
        "swept", entry.swept, _is_parameter(entry.swept), "'solver.PARAMETER' or 'problem.PARAMETER'"
    )
    for arm in entry.arms:
        if entry.swept in arm.tied:
            yield f"arm {arm.name!r}: tied names {entry.swept!r}, which is swept; its values are those of the study."
    if any(arm.tied for arm in limit):
        yield "the limit's arm has tied parameters; it has no swept value that they could follow."
    names = [arm.name for arm in entry.arms]
    if len(set(names)) < len(names):
        yield f"arms are called {', '.join(names)}; give each a label of its own."
    yield from _value_flaws(entry)
    yield from _expected("seeds", entry.seeds, _is_whole(entry.seeds, 1), "a whole number >= 1")
    yield from _expected(
        "budget", entry.budget, is_number(entry.budget) and entry.budget > 0, "seconds above zero"
    )
    yield from _quantity_flaws(entry)
    yield from _expected("against", entry.against, is_text(entry.against), "a text")
    yield from _expected("clock", entry.clock, is_text(entry.clock) and entry.clock != "", "a text")
    yield from _time_flaws(entry)
    yield from _joint_flaws(entry)
    grouped = isinstance(entry.group, str) and (not entry.group or ENTRY_NAME.fullmatch(entry.group))
    yield from _expected("group", entry.group, bool(grouped), "lower case letters, digits and hyphens, or ''")
    yield from _prediction_flaws("", entry.predictions)
    confident = is_number(entry.confidence) and 0.5 <= entry.confidence < 1
    yield from _expected("confidence", entry.confidence, confident, "a number from .5 to below 1")
    least = f"a whole number >= {LEAST_SEEDS}"
    yield from _expected("least_seeds", entry.least_seeds, _is_whole(entry.least_seeds, LEAST_SEEDS), least)


def _arm_flaws(arm: Arm) -> Iterator[str]:
    for field in ("problem", "solver", "label"):
        value = getattr(arm, field)
        yield from _expected(f"{field} of an arm", value, is_text(value), "a text")
    for text in (arm.problem, arm.solver):
        try:
            parse_selector(text)
        except NameProblem as error:
            yield f"an arm names {error}"
    tied = isinstance(arm.tied, Mapping) and all(
        _is_parameter(name) and callable(value) for name, value in arm.tied.items()
    )
    expected = "a mapping from 'solver.PARAMETER' or 'problem.PARAMETER' to functions of the swept value"
    yield from _expected(f"arm {arm.name!r}: tied", arm.tied, tied, expected)
    yield from _prediction_flaws(f"arm {arm.name!r}: ", arm.predictions)


def _value_flaws(entry: StudyEntry) -> Iterator[str]:
    law = isinstance(entry.law, str) and entry.law in LAWS
    yield from _expected("law", entry.law, law, f"one of {', '.join(LAWS)}")
    sound = is_number(entry.exponent) if entry.law == "amplitude" else entry.exponent is None
    if not sound:
        yield f"exponent is {entry.exponent!r} with the law {entry.law!r}; expected a number for 'amplitude', else None."
    values = entry.values
    rising = (
        isinstance(values, tuple) and all(map(is_number, values)) and all(a < b for a, b in pairwise(values))
    )
    yield from _expected("values", values, rising, "a tuple of numbers, smallest first")
    if entry.against != CLOCK and len(values) < LAWS[entry.law]:
        yield f"{len(values)} values; the law {entry.law!r} needs {LAWS[entry.law]} at least."


def _quantity_flaws(entry: StudyEntry) -> Iterator[str]:
    kind, name = split_quantity(entry.quantity)
    sound = (
        (kind in TIMED and not name)
        or (kind in NAMED and name and is_text(name))
        or (kind in COSTS and _number(name))
        or (kind == SHARE and all(split_bound(name)) and is_text(name))
    )
    yield from _expected("quantity", entry.quantity, bool(sound), f"one of {', '.join(QUANTITIES)}")
    known = isinstance(entry.statistic, str) and entry.statistic in STATISTICS
    yield from _expected("statistic", entry.statistic, known, f"one of {', '.join(STATISTICS)}")
    for needing, statistic in (
        (kind in COSTS, "median"),
        (kind == SHARE, "mean"),
        (kind == "solution", "variance"),
    ):
        if needing and entry.statistic != statistic:
            yield f"statistic is {entry.statistic!r}; the quantity {entry.quantity!r} takes {statistic!r}."
    if (kind == "deviation") != (entry.limit is not None):
        yield f"limit is {entry.limit!r} with the quantity {entry.quantity!r}; expected an arm for 'deviation' alone."


def _time_flaws(entry: StudyEntry) -> Iterator[str]:
    kind, _ = split_quantity(entry.quantity)
    late = isinstance(entry.times, tuple) and all(
        is_number(time) and (time > 0 or (time == 0 and entry.clock != "seconds")) for time in entry.times
    )
    yield from _expected("times", entry.times, late, "a tuple of numbers, > 0 if they are seconds, else >= 0")
    if len(set(entry.times)) < len(entry.times):
        yield f"times are {entry.times!r}; give each once."
    if entry.clock != "seconds" and any(time != int(time) for time in entry.times):
        yield f"times are {entry.times!r}; expected whole numbers of {entry.clock}, which are counted."
    if entry.times and kind not in TIMED:
        yield f"times are given for the quantity {entry.quantity!r}; those that can be read at times: {', '.join(TIMED)}."
    if entry.times and kind != "error" and entry.clock == "seconds":
        yield f"the clock is 'seconds'; expected a kind of work, as milestones of a {kind} are found by it."
    if entry.against == CLOCK:
        if len(entry.values) != 1:
            yield f"{len(entry.values)} values; a law of the clock has one swept value, and its times."
        if len(entry.times) < LAWS[entry.law]:
            yield f"{len(entry.times)} times; the law {entry.law!r} needs {LAWS[entry.law]} at least."


def _joint_flaws(entry: StudyEntry) -> Iterator[str]:
    terms = entry.joint
    if not isinstance(terms, tuple) or not all(isinstance(one, Term) for one in terms):
        yield f"joint is {terms!r}; expected a tuple of mfbench.Term."
    for one in terms:
        named = is_text(one.name) and one.name != "" and callable(one.of)
        yield from _expected("a term", one, named and isinstance(one.positive, bool), "a name and a function")
    if len({one.name for one in terms}) < len(terms):
        yield f"terms are called {', '.join(one.name for one in terms)}; give each a name of its own."
    if terms and entry.times:
        yield "joint is given with times; a joint law is of what is measured at the end."


def _prediction_flaws(where: str, predictions: Any) -> Iterator[str]:
    if not isinstance(predictions, tuple) or not all(isinstance(one, Prediction) for one in predictions):
        yield f"{where}predictions are {predictions!r}; expected a tuple of mfbench.Prediction."
    for one in predictions:
        numbers = all(map(is_number, (one.value, one.low, one.high)))
        if not numbers or not one.low <= one.value <= one.high or not one.low < one.high:
            yield f"{where}{one!r}; expected numbers with low <= value <= high and low < high."
        for field in ("name", "unit"):
            value = getattr(one, field)
            yield from _expected(f"{where}{field} of a prediction", value, is_text(value), "a text")


def split_quantity(quantity: Any) -> tuple[str, str]:
    """Kind and name of a quantity: "metric:skill" -> ("metric", "skill")."""
    kind, _, name = quantity.partition(":") if isinstance(quantity, str) else ("", "", "")
    return kind, name


def split_bound(text: str) -> tuple[str, float]:
    """Name and bound of a share: "spread:0.1" -> ("spread", 0.1); ("", 0) where there is none above zero."""
    name, _, bound = text.rpartition(":")
    return (name, float(bound)) if _number(bound) else ("", 0.0)


def abscissa_name(entry: StudyEntry) -> str:
    """What the law is a function of, as tables call it."""
    if entry.against == CLOCK:
        return entry.clock
    return entry.against or entry.swept.partition(".")[2]


def _expected(what: str, got: Any, sound: bool, expected: str) -> Iterator[str]:
    if not sound:
        yield f"{what} is {got!r}; expected {expected}."


def _is_parameter(name: Any) -> bool:
    if not isinstance(name, str):
        return False
    part, _, parameter = name.partition(".")
    return part in PARTS and parameter.isidentifier()


def is_text(value: Any) -> bool:
    """One that can be written to a file: no halves of characters."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def is_number(value: Any) -> bool:
    """A finite one, small enough for a float."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _is_whole(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _number(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
