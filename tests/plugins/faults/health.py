"""A solver without a fault, whose numbers would show what another one did to it."""

from __future__ import annotations

import time

import numpy as np

from faults.looks import look


def evaluate(state, x):
    return 1.0 / (1.0 + np.exp(-np.cos(x * state[:, 0]).sum(axis=1) - x[:, 0]))


def be_well(problem, parameters, context):
    """Random numbers, sums whose order matters, libraries whose threads would: a new state at every step."""
    random = np.random.default_rng(context.seed)
    state = random.normal(size=(60, 60))
    for _ in range(30):
        state = np.linalg.solve(np.eye(60) + state @ state.T / 60.0, random.normal(size=(60, 60)))
        yield look(state, evaluate)
        time.sleep(0.005)


KIND = (be_well,)
