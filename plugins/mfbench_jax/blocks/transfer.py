"""A network that learns what another one knows: least squares on its values."""

from __future__ import annotations

import numpy as np

from . import levenberg_marquardt, tanh_network
from .levenberg_marquardt import Damping
from .tanh_network import TanhNetwork

STEPS = 60
ENOUGH = 0.05
"""Root mean square error at which to stop: what is left the equation mends sooner."""
SLOWEST, WAITED = 0.9, 5
"""Ratio of the mean square error to that so many steps before at which nothing more is gained: first steps are short, and so
are some in between."""


def taught(net: TanhNetwork, u: np.ndarray, target: np.ndarray) -> TanhNetwork:
    """The network with other parameters, whose values at u (n, d) are the target (n,) as far as it can follow."""
    short = np.float32

    def rows(theta: np.ndarray) -> np.ndarray:
        return np.asarray(tanh_network.values(tanh_network.shaped(theta, net), u)) - target

    def linearised(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        narrow = tanh_network.cast(tanh_network.shaped(theta, net), short)
        return rows(theta), tanh_network.value_rows(narrow, u.astype(short))

    theta, damping = tanh_network.flat(net), Damping(1.0)
    errors = []
    for _ in range(STEPS):
        done = levenberg_marquardt.step(theta, damping, linearised, rows)
        theta, damping = done.theta, done.damping
        errors.append(done.after)
        if done.after < ENOUGH**2 or (len(errors) > WAITED and done.after > SLOWEST * errors[-1 - WAITED]):
            break
    return tanh_network.shaped(theta, net)
