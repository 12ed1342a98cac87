"""The pool of points at which a step of `gauss-newton` lowers the equation's residual."""

from __future__ import annotations

import jax
import numpy as np

from .backward_equation import Points

MOVED, REACH = 1 / 3, 1.5
"""Share of the points that are moved off the walkers' places, and how far, in typical lengths of their steps."""


def heated(points: Points, heat: float) -> Points:
    """The points of the equation at another temperature."""
    return points._replace(force=points.force / heat)


def strewn(rng: np.random.Generator, u: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Walkers' places (..., L, d), MOVED of them moved by about REACH (4 h)^1/2 in all, h (L,) the sizes of their steps."""
    far = REACH * np.sqrt(4.0 * sizes / u.shape[-1]) * (rng.random(u.shape[:-1]) < MOVED)
    return np.asarray(u + far[..., None] * rng.standard_normal(u.shape))


def pooled(pool: Points, news: Points, most: int) -> Points:
    """The newest points of both."""
    return jax.tree.map(lambda *parts: np.concatenate(parts)[-most:], pool, news)
