"""What the faults have in common: a look before they strike, and a last word."""

from __future__ import annotations

import sys

import numpy as np

import mfbench

LAST_WORDS = "it strikes now"


def evaluate(state, x):
    return np.full(len(x), state)


def look(value=0.5, evaluate=evaluate):
    print(LAST_WORDS, file=sys.stderr, flush=True)
    return mfbench.Checkpoint(evaluate=evaluate, state=value, work={"evaluations": 1})
