"""Numbers as tables show them: two or three digits, units that a person reads, floors."""

from __future__ import annotations

import math

NOT_REACHED = "inf"
"""Shown for None where None means infinite: a failed trial's error, a target never reached."""

UNKNOWN = ""
"""Shown where nothing was measured or the number is not comparable."""

WORK_MARKS = {"reported": " ?", "understated": " !", "deferred": " +"}
"""Behind a number of evaluations that nobody counted, of which more were counted, or that are not all."""

REDUCIBLE = " (reducible)"
"""Behind a problem that a control solves."""

DIFFERENCES = " ~"
"""Behind a number made from a gradient that was taken by differences."""


def figure(value: float, digits: int = 3) -> str:
    """A number with so many significant digits; powers of ten where plain digits get long.

    Examples:
        >>> figure(0.012345), figure(0.00012345), figure(12.0), figure(1234567.0)
        ('0.0123', '1.23e-4', '12.0', '1.23e+6')
    """
    if value == 0:
        return "0"
    value = float(f"{value:.{digits - 1}e}")  # first, so that 0.9996 becomes 1.00 and not 1.000
    if not 0.01 <= abs(value) < 1e4:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa}e{int(exponent):+d}".replace("e+0", "")
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:.{decimals}f}"


def error_figure(value: float | None, floor: float = 0.0, digits: int = 3) -> str:
    """An error: "inf" for None, "< floor" for what cannot be told from zero.

    Examples:
        >>> error_figure(3e-7, floor=1e-6), error_figure(3e-3, floor=1e-6), error_figure(None)
        ('< 1.0e-6', '3.00e-3', 'inf')
    """
    if value is None:
        return NOT_REACHED
    if value < floor:
        return f"< {figure(floor, 2)}"
    return figure(value, digits)


def error_range(low: float | None, high: float | None, floor: float = 0.0) -> str:
    """Smallest to largest error over the seeds; one number where they read alike."""
    ends = [error_figure(low, floor, 2), error_figure(high, floor, 2)]
    return " .. ".join(dict.fromkeys(ends))


def duration(seconds: float) -> str:
    """Seconds for people.

    Examples:
        >>> [duration(s) for s in (0.00042, 0.034, 2.5, 75.0, 9000.0)]
        ['420 us', '34 ms', '2.5 s', '75 s', '2.5 h']
        >>> duration(600.0)
        '10 min'
    """
    for unit, size, limit in (
        ("us", 1e-6, 1e-3),
        ("ms", 1e-3, 1.0),
        ("s", 1.0, 120.0),
        ("min", 60.0, 7200.0),
    ):
        # 0.9996 ms must not become "1000 us": compare what is shown, not the number.
        if abs(seconds) < limit * 0.995:
            return f"{_two_digits(seconds / size)} {unit}"
    return f"{_two_digits(seconds / 3600.0)} h"


def count(number: float) -> str:
    """A large count for people.

    Examples:
        >>> [count(n) for n in (0, 950, 12_345, 2_500_000, 7.2e9)]
        ['0', '950', '12k', '2.5M', '7.2G']
    """
    for unit, size, limit in (("", 1.0, 1e3), ("k", 1e3, 1e6), ("M", 1e6, 1e9)):
        if number < limit * 0.995:
            return f"{_two_digits(number / size) if unit else f'{number:.0f}'}{unit}"
    return f"{_two_digits(number / 1e9)}G"


def _two_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 9.95 or number == round(number) else f"{number:.1f}"


def work_figure(work: dict[str, float]) -> str:
    """Evaluations, or the first other kind of work with its name.

    Examples:
        >>> work_figure({"evaluations": 12345.0, "samples": 10.0}), work_figure({"nodes": 40401.0})
        ('12k', '40k nodes')
    """
    if "evaluations" in work:
        return count(work["evaluations"])
    return next((f"{count(number)} {kind}" for kind, number in sorted(work.items())), UNKNOWN)


def place(rank: float | None, tied: bool, best: bool) -> str:
    """A rank with its marks: "=" shared with others, "*" nobody is better.

    Examples:
        >>> place(1.5, True, True), place(4.0, False, False), place(None, False, False)
        ('1.5 = *', '4', '')
    """
    if rank is None:
        return UNKNOWN
    return f"{rank:g}" + (" =" if tied else "") + (" *" if best else "")


def marked(name: str, control: bool) -> str:
    """A contender's name; controls are marked."""
    return f"{name} (control)" if control else name


def bounds(low: float | None, high: float | None) -> str:
    """ "[-1.09, -0.92]"; an end that is None is infinite."""
    left = "-inf" if low is None else figure(low)
    right = "inf" if high is None else figure(high)
    return f"[{left}, {right}]"
