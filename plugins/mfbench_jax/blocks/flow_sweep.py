"""One passage of an ensemble through the horizon by its own probability flow, and the way back along it.

At every moment the score is matched to the ensemble (`score_fit.py`), whose members, their scores and log-densities follow
the characteristics of that score: Runge-Kutta of order 4 in steps of equal length by two, hidden units learning before
each pair. The score at the begin of each step is kept; a characteristic from any (x, t) goes back to t = 0 by the same
method with steps twice as long, which needs the score nowhere else:

    log p(x, t) = log p_0(x(0)) - int_0^t div v ds.

A share of the ensemble is held out of the match. With y the true score of the transported law, known along each
characteristic,

    d/dt KL(p | truth) <= <(s - y) . D (s - y)> / 4          (Boffi, Vanden-Eijnden, proposition 1; D = sigma sigma^T / 2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .flow_steps import HELD_OUT, Ensemble, Flow, Node
from .score_fit import Hidden, random_units, whitening
from .score_model import Score, inputs

PROBES = 48
"""Members at which the velocity's Jacobian is looked at before each pair of steps."""
QUANTILE = 0.9
"""Of its norm: single members far out do not rule the step."""
LEAST_PAIRS = 8
"""Of steps over the horizon."""
FIRST_TUNING = 10
"""Times as many steps of the hidden units at the start as later on."""


class Lost(Exception):
    """The ensemble left the finite numbers, needs too many steps or is worse than another; the message says where."""


class Sizes(NamedTuple):
    """Of a sweep.

    Args:
        members: of the ensemble.
        units: hidden ones.
        tuning: learning steps of theirs before each pair of time steps.
        step_share: a pair's largest length times the norm of the velocity's Jacobian.
        ridge: of the match.
    """

    members: int
    units: int
    tuning: int
    step_share: float
    ridge: float


class Sweep:
    """One passage.

    Args:
        flow: the compiled parts.
        sizes: of it.
        start: members at t = 0; the last n // `HELD_OUT` are held out.
        masses: the first so many members, kept for the way back where particles interact.
        directions: at most so many stand for all in divergences of the drift.
        max_steps: over the horizon.
        rng: of hidden units, learning and directions.

    Attributes:
        nodes: passed so far.
        reached: for each time asked that was passed, the number of its node.
        bound: of KL(p | truth) at the last node, by held-out members.
        entropy: minus the mean of log p of held-out members.
        rate_points, norm_points, match_points: at which rates (and for them a match), velocities' Jacobians, and guides for
            further matches were computed.
    """

    def __init__(
        self,
        flow: Flow,
        sizes: Sizes,
        start: Ensemble,
        masses: int,
        directions: int,
        max_steps: int,
        rng: np.random.Generator,
    ) -> None:
        self._flow, self._sizes, self._rng = flow, sizes, rng
        self._state = start
        self._masses, self._directions, self._max_steps = masses, directions, max_steps
        self.nodes: list[Node] = []
        self.reached: list[int] = []
        self.bound, self.rate_points, self.norm_points, self.match_points = 0.0, 0, 0, 0
        self._loss = math.nan

    @property
    def entropy(self) -> float:
        """Of the held-out members."""
        held = len(self._state.log_p) // HELD_OUT
        return -float(np.mean(self._state.log_p[-held:]))

    def run(self, limit: float) -> Iterator[None]:
        """Through the horizon, one yield per pair of steps, as long as the bound stays below a limit.

        Raises:
            Lost: see there.
        """
        t, hidden = 0.0, self._learnt(self._first_units(), 0.0, FIRST_TUNING)
        for end in self._flow.problem.times:
            while t < end:
                hidden = self._learnt(hidden, t, 1)
                pairs, step = self._steps(hidden, t, end)
                for _ in range(2):
                    self._advance(hidden, t, step)
                    t += step
                t = end if pairs == 1 else t
                self._compare(t, limit)
                yield
            self.reached.append(len(self.nodes))  # the node with which the next step begins
        self._look(hidden, t, self._basis())
        self._compare(t, limit)

    def _compare(self, t: float, limit: float) -> None:
        if not self.bound < limit:
            raise Lost(f"at t = {t:g} the bound {self.bound:.3g} is not below {limit:.3g}")

    def _first_units(self) -> Hidden:
        bodies, x = self._flow.bodies, self._state.x
        centre, inverse = (np.asarray(part) for part in whitening(x, bodies))
        y = np.asarray(inputs(Score(centre, inverse, None, None, None, None, None), x, bodies))
        return random_units(y.reshape(-1, y.shape[-1]), self._sizes.units, self._rng)

    def _learnt(self, hidden: Hidden, t: float, times: int) -> Hidden:
        steps = times * self._sizes.tuning
        if steps == 0:
            return hidden
        x, y, _ = self._state
        kept = len(x) - len(x) // HELD_OUT
        self.match_points += 2 * kept
        sources = x[: self._masses]
        score = self._flow.fitted(x, y, t, hidden, sources, self._sizes.ridge)
        guides = np.asarray(self._flow.guides(x[:kept], t, sources))
        return self._flow.tuner.tuned(score, x[:kept], y[:kept], guides, steps, self._rng)

    def _steps(self, hidden: Hidden, t: float, end: float) -> tuple[int, float]:
        """Pairs of steps until the end, and the length of one step."""
        x, y, _ = self._state
        probes = x[np.linspace(0, len(x) - 1, PROBES, dtype=int)]
        self.norm_points += len(probes)
        self.match_points += len(x) - len(x) // HELD_OUT
        sources = x[: self._masses]
        score = self._flow.fitted(x, y, t, hidden, sources, self._sizes.ridge)
        norms = self._flow.norms(score, probes, t, sources)
        horizon = self._flow.problem.times[-1]
        most = max(
            float(np.quantile(np.asarray(norms), QUANTILE)) / self._sizes.step_share, LEAST_PAIRS / horizon
        )
        if not 2.0 * horizon * most <= self._max_steps:
            raise Lost(f"at t = {t:g} the flow needs {2.0 * horizon * most:.3g} steps over the horizon")
        pairs = math.ceil((end - t) * most * (1.0 - 1e-9))
        return pairs, (end - t) / (2 * pairs)

    def _advance(self, hidden: Hidden, t: float, step: float) -> None:
        """One step of Runge-Kutta; the score is matched anew in each of its stages."""
        before, basis = self._state, self._basis()
        rates = [self._look(hidden, t, basis)]
        for share in (0.5, 0.5, 1.0):
            there = Ensemble(*(a + share * step * b for a, b in zip(before, rates[-1], strict=True)))
            rates.append(self._rates(hidden, there, t + share * step, basis)[2])
        self._state = Ensemble(
            *(
                old + step / 6.0 * (a + 2.0 * b + 2.0 * c + d)
                for old, a, b, c, d in zip(before, *rates, strict=True)
            )
        )
        lost = int(np.count_nonzero(~np.isfinite(self._state.log_p)))
        if lost:
            raise Lost(f"{lost} of {len(before.x)} members are not finite at t = {t + step:g}")

    def _look(self, hidden: Hidden, t: float, basis: np.ndarray) -> Ensemble:
        """Keep the score at t, and add what passed since the last one to the bound; the rates."""
        score, loss, rates = self._rates(hidden, self._state, t, basis)
        if self.nodes:
            self.bound += (t - self.nodes[-1].time) * (loss + self._loss) / 8.0
        self._loss = loss
        self.nodes.append(Node(t, score, self._state.x[: self._masses]))
        return rates

    def _rates(
        self, hidden: Hidden, state: Ensemble, t: float, basis: np.ndarray
    ) -> tuple[Score, float, Ensemble]:
        x, y, _ = state
        self.rate_points += len(x)
        score, loss, rates = self._flow.rates(x, y, t, hidden, x[: self._masses], self._sizes.ridge, basis)
        return (
            Score(*(np.asarray(part) for part in score)),
            float(loss),
            Ensemble(*(np.asarray(part) for part in rates)),
        )

    def _basis(self) -> np.ndarray:
        """Directions (k, d)."""
        dim = self._flow.problem.dim
        if dim <= self._directions:
            return np.eye(dim)
        return np.linalg.qr(self._rng.standard_normal((dim, self._directions)))[0].T
