"""Answers that are none."""

from __future__ import annotations

import time

import numpy as np

import mfbench
from faults.looks import look


def become_nan(problem, parameters, context):
    yield look()
    time.sleep(0.1)
    yield look(np.nan)


def become_inf(problem, parameters, context):
    yield look()
    time.sleep(0.1)
    yield look(np.inf)


def become_nothing(problem, parameters, context):
    """A logarithm may be that, and no probability."""
    yield look()
    time.sleep(0.1)
    yield look(-np.inf)


def nan_at_once(problem, parameters, context):
    yield look(np.nan)


def diverge(problem, parameters, context):
    yield look()
    raise mfbench.Diverged("step 7: the energy is inf")


def wrong_shape(problem, parameters, context):
    yield look(evaluate=lambda state, x: np.zeros((len(x), 2)))


def complex_numbers(problem, parameters, context):
    yield look(evaluate=lambda state, x: np.zeros(len(x), complex))


def words(problem, parameters, context):
    yield look(evaluate=lambda state, x: np.full(len(x), "a half"))


def objects(problem, parameters, context):
    yield look(evaluate=lambda state, x: np.full(len(x), 0.5, dtype=object))


def no_checkpoint(problem, parameters, context):
    yield look()
    yield 0.5


def not_a_generator(problem, parameters, context):
    return [look()]


def yield_nothing(problem, parameters, context):
    look()
    yield from ()


KIND = (
    become_nan, become_inf, become_nothing, nan_at_once, diverge, wrong_shape, complex_numbers, words, objects,
    no_checkpoint, not_a_generator, yield_nothing,
)  # fmt: skip
