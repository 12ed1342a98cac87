"""Walkers at the times asked, which judge log-densities, and give one of their own where no equation can be followed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .ensemble import Ensemble
from .ground import Ground, completed
from .logistic import Contrast, Mass, contrast, fitted, losses, mass
from .tilts import Family, family, span_of

FAR = 2.0
"""Standard errors by which one loss is below another."""
CERTAIN = 3.0
"""Standard errors by which a mass differs from one."""
RUNGS = ((4,), (4, 4), (6, 6), (8, 8), (10, 10), (12, 12))
"""Degrees of the snapshots' polynomials."""
DRAWS_PER_FUNCTION = 20

At = Callable[[int, np.ndarray], np.ndarray]
"""Number of a time asked, x (n, d) -> log p^ (n,)."""


class Census:
    """Walkers that judge, and later others to fit to.

    Args:
        ground: whose problem they follow; counts them.
        axes: (d, a) along which log p bends.
        count: of either kind.
        step_share, max_steps: see `Ensemble`.
        rng: of noise and draws.

    Raises:
        Diverged: some left the finite numbers.
    """

    def __init__(
        self,
        ground: Ground,
        axes: np.ndarray,
        count: int,
        step_share: float,
        max_steps: int,
        rng: np.random.Generator,
    ) -> None:
        self._ground, self._axes, self._rng = ground, axes, rng
        self._basis = completed(axes)
        self._ensemble = Ensemble(ground.problem, step_share, max_steps, rng)
        self._counted = 0
        self._count = count
        self._judging = self._contrasts()

    def losses(self, log_density: At) -> np.ndarray:
        """Of the walkers that judge, (n,), the mean over times; infinite where log p^ is no number."""
        found = [
            losses(log_density(number, one.points) - one.log_q) for number, one in enumerate(self._judging)
        ]
        return np.nan_to_num(np.mean(found, axis=0), nan=np.inf)

    def masses(self, log_density: At) -> list[Mass]:
        """Of exp(log p^) at every time."""
        return [mass(log_density(number, one.points) - one.log_q) for number, one in enumerate(self._judging)]

    def _contrasts(self) -> list[Contrast]:
        """Of new walkers, at every time."""
        found = [contrast(x, self._basis, self._rng) for x in self._ensemble.run(self._count)]
        self._ground.counted += self._ensemble.evaluations - self._counted
        self._counted = self._ensemble.evaluations
        return found

    def snapshots(self, base: At, quadratic: bool, most: int) -> tuple[Family, tuple[np.ndarray, ...]]:
        """A family of bounded tilts of exp(base) and its likeliest parameters at every time.

        Degrees rise while the walkers that judge find it likelier.

        Args:
            base: a log-density.
            quadratic: whether a general quadratic is in the family.
            most: polynomials.
        """
        fitting = self._contrasts()
        y = [self._ground.coordinates.places(one.points) for one in fitting]
        span = span_of(np.concatenate(y), self._axes, bounded=True)
        offsets = [base(number, one.points) - one.log_q for number, one in enumerate(fitting)]
        best: tuple[float, Family, tuple[np.ndarray, ...]] | None = None
        for degrees in dict.fromkeys(rung[: self._axes.shape[1]] for rung in RUNGS):
            functions = family(span, degrees, quadratic, shaped=False)
            size = len(functions.start())
            if best is not None and (
                len(functions.at.variables) > most or DRAWS_PER_FUNCTION * size > len(y[0])
            ):
                break
            thetas = tuple(
                fitted(functions.design(places, None), w) for places, w in zip(y, offsets, strict=True)
            )
            loss = float(np.mean(self.losses(tilted(base, self._ground, functions, thetas))))
            if best is not None and loss >= best[0]:
                break
            best = loss, functions, thetas
        assert best is not None
        return best[1:]


def tilted(base: At, ground: Ground, functions: Family, thetas: tuple[np.ndarray, ...]) -> At:
    """log p^ of tilts of exp(base)."""

    def at(number: int, x: np.ndarray) -> np.ndarray:
        y = ground.coordinates.places(x)
        shape = ground.start.values(x, y) if functions.shaped else None
        return base(number, x) + functions.design(y, shape) @ thetas[number]

    return at


def likelier(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether losses (n,) are far below others of the same walkers, for all that chance may do."""
    gain = other - one
    if not np.all(np.isfinite(gain)):
        return bool(np.all(np.isfinite(one)))
    return bool(np.mean(gain) > FAR * np.std(gain) / len(gain) ** 0.5)


def normalised(thetas: tuple[np.ndarray, ...], masses: list[Mass]) -> tuple[np.ndarray, ...]:
    """Parameters (P,) of tilts, the first a constant, less the logarithm of a mass that surely is not one."""
    return tuple(
        np.r_[theta[0] - one.log, theta[1:]] if abs(one.log) > CERTAIN * one.error else theta
        for theta, one in zip(thetas, masses, strict=True)
    )
