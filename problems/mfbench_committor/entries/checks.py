"""Checks that the parameters of these problems share."""

from __future__ import annotations

LEVELS = ("scrambled", "exact")


def check_dim(dim: int, least: int, why: str) -> None:
    """Refuse a dimension below `least`."""
    if dim < least:
        raise ValueError(f"dim is {dim}; expected a whole number >= {least}: {why}.")


def check_number(name: str, value: float, least: float, most: float) -> None:
    """Refuse a number outside a range."""
    if not least <= value <= most:  # true for NaN as well
        raise ValueError(f"{name} is {value!r}; expected a number from {least} to {most}.")


def check_temperature(temperature: float, least: float, most: float) -> None:
    """Refuse a temperature at which the problem is empty (too cold) or has no barrier (too hot)."""
    check_number("temperature", temperature, least, most)


def check_levels(levels: str) -> None:
    """Refuse a word that says nothing about the boundary functions."""
    if levels not in LEVELS:
        raise ValueError(f"levels is {levels!r}; expected one of {', '.join(LEVELS)}.")
