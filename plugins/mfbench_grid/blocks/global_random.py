"""Keeps numpy's global random state from what libraries draw of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def undisturbed_random_state(seed: int = 0) -> Iterator[None]:
    """Let code draw from numpy's global generator as if it had been seeded, and leave that generator as it was.

    pyamg starts its estimates of spectral radii from `np.random.rand`: two runs would differ, and others' draws too.
    """
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
