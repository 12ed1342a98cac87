"""A counter of points, and the problem whose functions feed it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from array_api_compat import is_jax_array, is_numpy_array, is_torch_array

from mfbench.counting import jax_passage, torch_passage

Function = Callable[..., Any]
"""(n, d) points (or noise), and perhaps further arguments -> one value, one vector, or a pair of them, per point."""

FIELDS = {"potential": True, "drift": False, "sample": False}
"""What of a problem is counted -> whether its first derivative is free with it."""


@dataclass
class Counter:
    """Points at which a problem was evaluated.

    Attributes:
        points: their number, as far as what was asked for has been computed (see `settle`).
        foreign: kinds of arrays whose derivatives and transformations nobody counts.
    """

    points: int = 0
    foreign: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, points: int) -> None:
        """Count points; a framework may call this from a thread of its own."""
        with self._lock:
            self.points += points


def counted(problem: Any, counter: Counter) -> Any:
    """The same problem, its potential or drift counted.

    Args:
        problem: a dataclass with some of `FIELDS`.
        counter: is fed; making the problem evaluates it at its start points, which is not counted.
    """
    functions = {
        name: counted_function(getattr(problem, name), counter, free_derivative=free)
        for name, free in FIELDS.items()
        if hasattr(problem, name)
    }
    made = replace(problem, **functions)
    counter.points = 0
    return made


def counted_function(function: Function, counter: Counter, free_derivative: bool) -> Function:
    """A function that gives what `function` gives, and counts.

    Args:
        function: row by row; of numpy, torch and jax arrays.
        counter: is fed, by executions: also those of functions that were compiled or mapped.
        free_derivative: the first derivative comes free with the value, as that of a potential.
    """
    in_jax: list[Function] = []

    def evaluate(x: Any, *rest: Any) -> Any:
        if is_jax_array(x):
            if not in_jax:
                in_jax.append(jax_passage.counted(function, counter.add, free_derivative))
            return in_jax[0](x, *rest)
        if is_torch_array(x):
            return function(torch_passage.passed(x, counter.add, free_derivative), *rest)
        if not is_numpy_array(x):
            counter.foreign.add(type(x).__name__)
        counter.add(len(np.atleast_2d(x)))
        return function(x, *rest)

    return evaluate


def settle() -> None:
    """Wait until everything that was asked of a framework has been computed, and so counted."""
    jax = sys.modules.get("jax")
    if jax is not None:
        for array in jax.live_arrays():
            if not array.is_deleted():
                array.block_until_ready()
        jax.effects_barrier()
