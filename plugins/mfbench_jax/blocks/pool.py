"""The pool of points at which a step of `gauss-newton` lowers the equation's residual."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np

from .backward_equation import Points

MOVED, REACH = 1 / 3, 1.5
"""Share of the points that are moved off the walkers' places, and how far, in (4 h)^1/2 of their steps' size h."""
FAR, FARTHEST, HOT = 1 / 2, 8.0, 4.0
"""Share of these that try to go further, how many times as far at most, and by which temperature that is accepted."""


def heated(points: Points, heat: float) -> Points:
    """The points of the equation at another temperature."""
    return points._replace(force=points.force / heat)


def strewn(
    rng: np.random.Generator, u: np.ndarray, sizes: np.ndarray, energy: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Walkers' places (..., L, d), MOVED of them moved by about REACH (4 h)^1/2 in all, h (L,) the sizes of their steps.

    FAR of these try a place up to FARTHEST times as far off, and take it as Metropolis would at HOT times the temperature:
    where the law is thin on one side of a channel walkers come too seldom for the pool, which forgets what it saw there.

    Args:
        rng: that draws.
        u: the places.
        sizes: of their steps.
        energy: beta V of places (n, d).
    """
    places, dim = u.reshape(-1, u.shape[-1]).copy(), u.shape[-1]
    unit = np.broadcast_to(REACH * np.sqrt(4.0 * sizes / dim), u.shape[:-1]).ravel()[:, None]
    moved = rng.permutation(len(places))[: round(MOVED * len(places))]
    far = moved[: round(FAR * len(moved))]
    length = unit[far] * np.exp(rng.uniform(0.0, np.log(FARTHEST), (len(far), 1)))
    tried = places[far] + length * rng.standard_normal((len(far), dim))
    taken = np.log(rng.random(len(far))) < (energy(places[far]) - energy(tried)) / HOT
    places[moved] += unit[moved] * rng.standard_normal((len(moved), dim))
    places[far[taken]] = tried[taken]
    return places.reshape(u.shape)


def pooled(pool: Points, news: Points, most: int) -> Points:
    """The newest points of both."""
    return jax.tree.map(lambda *parts: np.concatenate(parts)[-most:], pool, news)
