"""Log-densities against draws of the law itself: logistic regression between walkers and draws of a Gaussian q.

For w = log(p^ / q), the mean over walkers x of p and draws z of q, as many of each,

    loss(w) = mean log(1 + exp(-w(x))) + mean log(1 + exp(w(z))),

is least at w = log(p / q), normalisation included, convex, and bounded in what a single point can do
(Gutmann, Hyvarinen, JMLR 13 (2012) 307). For a constant alone it is Bennett's acceptance ratio (J. Comp. Phys. 22 (1976)
245): sum sigma(c - w(x)) = sum sigma(w(z) - c) for p^ of mass e^c.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.optimize
from scipy.special import expit

from .gaussian_mixture import log_density
from .gaussian_start import as_mixture
from .linear_flow import Gaussian

NEWTON_STEPS, HALVINGS = 40, 20
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


def contrast(walkers: np.ndarray, axes: np.ndarray, rng: np.random.Generator) -> Contrast:
    """Walkers (n, d), n > d, beside draws of a Gaussian with their moments that lie no farther out than they do.

    Farther out nothing is known of p. How far is measured by the Gaussian itself, and along the axes (d, a).
    """
    count, dim = walkers.shape
    q = as_mixture(Gaussian(np.mean(walkers, axis=0), np.cov(walkers.T).reshape(dim, dim)))
    at_walkers = log_density(q, walkers)
    low, high = np.min(walkers @ axes, axis=0), np.max(walkers @ axes, axis=0)

    def within(z: np.ndarray) -> np.ndarray:
        along = z @ axes
        return (log_density(q, z) >= np.min(at_walkers)) & np.all((low <= along) & (along <= high), axis=1)

    tried = kept = 0
    found: list[np.ndarray] = []
    while kept < count:
        z = q.means[0] + rng.standard_normal((count, dim)) @ q.factors[0].T
        found.append(z[within(z)])
        tried, kept = tried + count, kept + len(found[-1])
    z = np.concatenate(found)[:count]
    log_q = np.concatenate([at_walkers, log_density(q, z)]) - np.log(kept / tried)
    return Contrast(np.concatenate([walkers, z]), log_q)


def losses(w: np.ndarray) -> np.ndarray:
    """Of every pair of a walker and a draw, (n,), for w at walkers and then at draws, (2 n,)."""
    half = len(w) // 2
    return np.asarray(np.logaddexp(0.0, -w[:half]) + np.logaddexp(0.0, w[half:]))


def mass(w: np.ndarray) -> Mass:
    """Of exp(w) q, by w at walkers and then at draws, (2 n,); infinite error where they have nothing in common."""
    half = len(w) // 2
    x, z = w[:half], w[half:]

    def excess(c: float) -> float:
        return float(np.mean(expit(z - c)) - np.mean(expit(c - x)))

    found = float(scipy.optimize.brentq(excess, np.min(w) - 50.0, np.max(w) + 50.0, xtol=1e-12))
    at_x, at_z = expit(found - x), expit(z - found)
    slope = np.mean(at_x * (1.0 - at_x)) + np.mean(at_z * (1.0 - at_z))
    if slope <= 0.0:
        return Mass(found, np.inf)
    return Mass(found, float(np.sqrt((np.var(at_x) + np.var(at_z)) / half) / slope))


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
