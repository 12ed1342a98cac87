"""Checks that parameters of plugins share: each refuses a value by name, with what was got and what was expected."""

from __future__ import annotations

import math


def at_least(parameters: object, **bounds: int) -> None:
    """Refuse whole numbers below their bounds."""
    for name, bound in bounds.items():
        value = getattr(parameters, name)
        if value < bound:
            raise ValueError(f"{name} is {value}; expected a whole number >= {bound}.")


def above_zero(parameters: object, *names: str) -> None:
    """Refuse numbers that are not above zero, and those that are not finite."""
    for name in names:
        value = getattr(parameters, name)
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}; expected a finite number > 0.")


def finite_from(parameters: object, **bounds: float) -> None:
    """Refuse numbers below their bounds, and those that are not finite."""
    for name, bound in bounds.items():
        value = getattr(parameters, name)
        if not bound <= value < math.inf:
            raise ValueError(f"{name} is {value}; expected a finite number >= {bound:g}.")


def multiple_of(parameters: object, **units: int) -> None:
    """Refuse whole numbers that are no multiples of theirs."""
    for name, unit in units.items():
        value = getattr(parameters, name)
        if value % unit:
            raise ValueError(f"{name} is {value}; expected a multiple of {unit}.")


def one_of(parameters: object, name: str, allowed: tuple[str, ...]) -> None:
    """Refuse words that are not allowed."""
    value = getattr(parameters, name)
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(allowed)}.")
