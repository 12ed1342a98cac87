"""Log-densities against draws of the law itself: logistic regression between walkers and draws of a density q near it.

For w = log(p^ / q), the mean over walkers x of p and draws z of q, as many of each,

    loss(w) = mean log(1 + exp(-w(x))) + mean log(1 + exp(w(z))),

is least at w = log(p / q), normalisation included, convex, and bounded in what a single point can do
(Gutmann, Hyvarinen, JMLR 13 (2012) 307). The draws alone give the mass of p^, mean exp(w(z)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from scipy.special import expit

from mfbench import Diverged

from .copula import Copula

NEWTON_STEPS, HALVINGS = 40, 20
ROUNDS = 100
"""Of draws, in which as many as there are walkers must lie among these."""
RIDGE = 1e-6
"""Of the mean square of a function: what no draw decides stays small."""
ENOUGH = 1e-10
"""Fall of the loss in one step, at which it is the end."""


class Contrast(NamedTuple):
    """Walkers and then draws of q, (2 n, d), with log q at them, (2 n,)."""

    points: np.ndarray
    log_q: np.ndarray


class Mass(NamedTuple):
    """The logarithm of a mass, and its standard error."""

    log: float
    error: float


def contrast(walkers: np.ndarray, basis: np.ndarray, rng: np.random.Generator) -> Contrast:
    """Walkers (n, d), n > d, beside draws of a density near theirs that lie no farther out than they do.

    Farther out nothing is known of p. How far is measured by q itself, and along the axes of a basis (d, d).

    Raises:
        Diverged: hardly any draw lies among the walkers.
    """
    count = len(walkers)
    q = Copula(walkers, basis, rng)
    at_walkers, along = q.log_density(walkers), walkers @ basis
    least, low, high = np.min(at_walkers), np.min(along, axis=0), np.max(along, axis=0)
    tried = kept = 0
    places, values = [], []
    for _ in range(ROUNDS):
        z = q.draw(count, rng)
        log_q, along = q.log_density(z), z @ basis
        within = (log_q >= least) & np.all((low <= along) & (along <= high), axis=1)
        places.append(z[within])
        values.append(log_q[within])
        tried, kept = tried + count, kept + np.count_nonzero(within)
        if kept >= count:
            break
    else:
        raise Diverged(
            f"of {tried} draws of a density like that of {count} walkers {kept} lie among them; the walkers are no sample."
        )
    log_q = np.concatenate([at_walkers, np.concatenate(values)[:count]]) - np.log(kept / tried)
    return Contrast(np.concatenate([walkers, np.concatenate(places)[:count]]), log_q)


def losses(w: np.ndarray) -> np.ndarray:
    """Of every pair of a walker and a draw, (n,), for w at walkers and then at draws, (2 n,)."""
    half = len(w) // 2
    return np.asarray(np.logaddexp(0.0, -w[:half]) + np.logaddexp(0.0, w[half:]))


def mass(w: np.ndarray) -> Mass:
    """Of exp(w) q, by w at walkers and then at draws (2 n,): importance sampling from q alone, which knows of no time step.

    The error is at least the share of the heaviest draw.
    """
    at_draws = w[len(w) // 2 :]
    top = np.max(at_draws)
    weights = np.exp(at_draws - top)
    mean = np.mean(weights)
    error = float(np.std(weights) / len(weights) ** 0.5 / mean)
    return Mass(float(top + np.log(mean)), max(error, float(1.0 / (len(weights) * mean))))


def fitted(design: np.ndarray, w: np.ndarray) -> np.ndarray:
    """theta (P,) for which w + design theta has the least loss; both at walkers and then at draws, (2 n, P) and (2 n,)."""
    half = len(w) // 2
    signs = np.repeat([1.0, -1.0], half)
    penalty = RIDGE * np.mean(design**2, axis=0)

    def objective(theta: np.ndarray) -> float:
        return float(np.mean(losses(w + design @ theta)) + penalty @ theta**2)

    theta = np.zeros(design.shape[1])
    value = objective(theta)
    for _ in range(NEWTON_STEPS):
        wrong = expit(-signs * (w + design @ theta))
        gradient = -(signs * wrong) @ design / half + 2.0 * penalty * theta
        curved = (design * (wrong * (1.0 - wrong))[:, None]).T @ design / half
        step = scipy.linalg.solve(curved + 2.0 * np.diag(penalty), gradient, assume_a="pos")
        shares = (0.5**k for k in range(HALVINGS))
        share = next((share for share in shares if objective(theta - share * step) < value), None)
        if share is None:
            break
        theta = theta - share * step
        gain, value = value - objective(theta), objective(theta)
        if gain < ENOUGH:
            break
    return theta
