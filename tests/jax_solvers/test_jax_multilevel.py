"""Splitting is unbiased whatever the score: a random walk between home and goal, with the chance known."""

import numpy as np
import pytest

from mfbench_jax.blocks.multilevel import Path, split

GOAL = 12
"""The walk starts at 1, ends at 0 (home) or 12: gambler's ruin."""


def runner(score, rng, up):
    """Walks of steps +-1, up with the given chance, noted at every step; score(x) of their places."""

    def run(starts):
        paths = []
        for start in starts:
            x, place = [], int(start[0])
            while 0 < place < GOAL:
                x.append(place)
                place += 1 if rng.random() < up else -1
                if len(x) % 50 == 0:
                    yield
            places = np.array(x, float)[:, None]
            paths.append(Path(places, score(places[:, 0]), place == GOAL))
        return paths

    return run


def finished(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


SCORES = {
    "distance": lambda x: x,
    "coarse, with ties": lambda x: x // 4,
    "misleading": lambda x: np.where(x == 5, 2.5, x),
}


@pytest.mark.parametrize("name", SCORES)
def test_the_mean_is_the_chance_of_ruin_whatever_the_score(name):
    """(1 - r) / (1 - r^12), r = 1.5; the mean of independent replicas to 4.5 standard errors."""
    rng, up = np.random.default_rng(7), 0.4
    ratio = (1 - up) / up
    truth = (1 - ratio) / (1 - ratio**GOAL)
    starts = [np.ones((24, 1))] * 150
    found = finished(split(starts, runner(SCORES[name], rng, up), 0.25, rng))
    assert len(found) == 150
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - truth) < 4.5 * error
    assert error < 0.25 * truth


def test_a_good_score_spares_variance():
    rng, up = np.random.default_rng(8), 0.4
    spread = [
        finished(split([np.ones((24, 1))] * 80, runner(SCORES[name], rng, up), 0.25, rng)).std()
        for name in ("distance", "coarse, with ties")
    ]
    assert spread[0] < spread[1]


def test_paths_that_never_rise_give_zero():
    rng = np.random.default_rng(9)
    found = finished(split([np.ones((4, 1))] * 3, runner(SCORES["distance"], rng, 0.0), 0.5, rng))
    np.testing.assert_array_equal(found, 0.0)
