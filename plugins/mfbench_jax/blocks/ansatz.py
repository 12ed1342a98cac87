"""The committor as it is learned: a network's value and a lift make a logit, levels may shift it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from . import levels
from .landscape import Places, value_and_slope
from .lift import Lift, committor
from .sampler import Walkers


class Scale(NamedTuple):
    """Where a network's inputs are centred, (d,), and their unit; from the start points alone."""

    centre: np.ndarray
    length: float


def scale_of(problem: CommittorProblem) -> Scale:
    """Mean and largest standard deviation of the start points, A and B weighing the same."""
    halves = (problem.start_a, problem.start_b)
    centre = sum(half.mean(axis=0) for half in halves) / 2.0
    covariance = sum((half - centre).T @ (half - centre) / len(half) for half in halves) / 2.0
    return Scale(centre, float(np.sqrt(np.linalg.eigvalsh(covariance)[-1])))


class Solution(NamedTuple):
    """What a checkpoint holds: a network and the shift of its levels, `levels.shift`."""

    network: Any
    shift: Any = levels.UNMOVED


class Ansatz(NamedTuple):
    """Functions of parameters and places.

    Args:
        logit: (params, (n, d)) -> (n,) logit of the committor, without regard to the sets.
        walkers: (params, Places) -> Walkers, with the logit and its gradient at the places.
        evaluate: (params, (n, d) numpy) -> (n,) committor in float64.
        gradient: (params, (n, d) numpy) -> (n, d) its gradient in float64.

    The latter two take a shift of the levels as their third argument, `levels.shift`; none by default.
    """

    logit: Callable[[Any, jax.Array], jax.Array]
    walkers: Callable[[Any, Places], Walkers]
    evaluate: Callable[..., jax.Array]
    gradient: Callable[..., jax.Array]


def ansatz(
    problem: CommittorProblem,
    lift: Lift,
    network: Callable[[Any, jax.Array], jax.Array],
    exact: bool = True,
) -> Ansatz:
    """The ansatz of a network, (params, (n, d) scaled inputs) -> (n,).

    Without `exact` its values on A and B are what the logit says there.
    """
    scale = scale_of(problem)

    def free_part(params: Any, x: jax.Array) -> jax.Array:
        return network(params, (x - jnp.asarray(scale.centre, x.dtype)) / scale.length)

    def walkers(params: Any, places: Places) -> Walkers:
        rows = places.x.reshape(-1, problem.dim)
        value, slope = value_and_slope(lambda x: free_part(params, x), rows)
        shape = places.lift.shape
        return Walkers(
            places, value.reshape(shape) + places.lift, slope.reshape(places.x.shape) + places.lift_slope
        )

    def logit(params: Any, x: jax.Array) -> jax.Array:
        return free_part(params, x) + lift(x)

    def solution(params: Any, x: jax.Array, shift: jax.Array) -> jax.Array:
        doubled = jax.tree.map(lambda part: part.astype(jnp.float64), params)
        shifted = levels.shifted(shift, logit(doubled, x))
        return committor(problem, shifted, x) if exact else jax.nn.sigmoid(shifted)

    value = jax.jit(solution)
    slope = jax.jit(jax.grad(lambda params, x, shift: jnp.sum(solution(params, x, shift)), argnums=1))
    return Ansatz(
        logit,
        walkers,
        lambda params, x, shift=levels.UNMOVED: value(params, jnp.asarray(x, jnp.float64), shift),
        lambda params, x, shift=levels.UNMOVED: slope(params, jnp.asarray(x, jnp.float64), shift),
    )
