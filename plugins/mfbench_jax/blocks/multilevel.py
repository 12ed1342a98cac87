"""Adaptive multilevel splitting: the chance of paths to reach a goal before they are back home.

n paths run to their ends. Again and again those of the lowest maximal score are killed, all up to the k-th
lowest, and each is replaced by a copy of a survivor up to its first place above that score, which
runs on from there by itself. With K_i killed in iteration i

    p = prod_i (1 - K_i / n) times the share of the last paths that have reached the goal

has the mean P(goal before home) whatever the score (Cerou, Guyader, Stoch. Anal. Appl. 25 (2007) 417;
Brehier, Gazeau, Goudenege, Lelievre, Rousset, Ann. Appl. Probab. 26 (2016) 3559, with the treatment of
ties); the score decides the variance. Several replicas side by side tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Path(NamedTuple):
    """Places of a path at equal times, up to its end, which is not among them.

    Args:
        x: (t, d) places; the first is its start.
        score: (t,).
        reached: whether it ended at the goal.
    """

    x: np.ndarray
    score: np.ndarray
    reached: bool

    @property
    def level(self) -> float:
        """The largest score; infinite at the goal."""
        return np.inf if self.reached else float(np.max(self.score))


Run = Callable[[np.ndarray], Generator[None, None, list[Path]]]
"""(m, d) starts -> their paths, in as many portions as the runner likes."""


@dataclass
class Replica:
    """One set of n paths.

    Args:
        paths: the living ones.
        weight: prod_i (1 - K_i / n) so far.
        done: no more to be killed.
    """

    paths: list[Path]
    weight: float = 1.0
    done: bool = False

    @property
    def probability(self) -> float:
        """The estimate as it stands."""
        return self.weight * sum(path.reached for path in self.paths) / len(self.paths)

    def fork(self, share: float, rng: np.random.Generator) -> tuple[list[int], list[np.ndarray]]:
        """Kill and copy; the numbers of the copies that are to run on, and from where, (d,) each."""
        levels = np.array([path.level for path in self.paths])
        threshold = np.sort(levels)[max(round(share * len(levels)), 1) - 1]
        killed = np.flatnonzero(levels <= threshold)
        alive = np.flatnonzero(levels > threshold)
        if np.isinf(threshold):
            self.done = True
            return [], []
        if not len(alive):
            self.weight, self.done = 0.0, True
            return [], []
        self.weight *= len(alive) / len(levels)
        rerun, starts = [], []
        for number, parent in zip(killed, rng.choice(alive, len(killed)), strict=True):
            path = self.paths[parent]
            above = np.flatnonzero(path.score > threshold)
            if len(above):
                rerun.append(number), starts.append(path.x[above[0]])
            else:  # its first place above is the goal itself, where a copy has nothing left to run
                self.paths[number] = Path(path.x[-1:], path.score[-1:], True)
        return rerun, starts


def split(
    starts: list[np.ndarray], run: Run, share: float, rng: np.random.Generator
) -> Generator[None, None, np.ndarray]:
    """(m,) independent estimates of the probability, one from each of m sets of starts (n, d).

    Args:
        starts: of the first paths.
        run: runs paths to their ends.
        share: of the paths killed in an iteration, at least.
        rng: chooses parents.
    """
    sizes = np.cumsum([len(x) for x in starts])[:-1]
    paths = yield from run(np.concatenate(starts))
    replicas = [Replica([paths[i] for i in part]) for part in np.split(np.arange(len(paths)), sizes)]
    while not all(replica.done for replica in replicas):
        forks = [replica.fork(share, rng) if not replica.done else ([], []) for replica in replicas]
        fresh = [x for _, begun in forks for x in begun]
        if fresh:
            grown = iter((yield from run(np.stack(fresh))))
            for replica, (rerun, _) in zip(replicas, forks, strict=True):
                for number in rerun:
                    replica.paths[number] = next(grown)
    return np.array([replica.probability for replica in replicas])
