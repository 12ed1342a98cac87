"""Of every family: repetitions have boundary functions of their own, of the same sets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mfbench.registry import load_registry, resolve

FAMILIES = sorted(name for name, entry in load_registry().problems.items() if entry.task == "committor")
SCRAMBLED = 1.05
"""Ratio of the largest to the least factor, at least: a constant one scrambles nothing."""
HIDDEN = 0.3
"""Standard deviation, over the judge's points, of the logarithm of A's factor over B's, root mean square over seeds: that of
the exact functions is 1 to 4. Of sines as long as |x| in many dimensions it was .05 to .2, and levels told the committor."""


def factors(one, other, side, x):
    """By how much one boundary function is larger than another where both are outside, and whether their sets are one."""
    values = [np.asarray(getattr(problem, side)(x)) for problem in (one, other)]
    outside = (values[0] > 0) & (values[1] > 0)
    assert outside.sum() > 10
    return values[0][outside] / values[1][outside], np.array_equal(values[0] > 0, values[1] > 0)


def test_all_families_are_here():
    assert len(FAMILIES) >= 17


@pytest.mark.parametrize("name", FAMILIES)
def test_levels_are_scrambled_where_the_judge_looks(name):
    entry, spreads = load_registry().problems[name], []
    parameters = entry.parameters(**entry.instances["standard"][0])
    exact = dataclasses.replace(parameters, levels="exact")
    for seed in range(4):
        x = resolve(entry.judge)(parameters, seed).inquiry.looks
        problem, plain = (resolve(entry.build)(values, seed) for values in (parameters, exact))
        logs = [
            np.log(np.asarray(getattr(problem, side)(x)) / np.asarray(getattr(plain, side)(x)))
            for side in ("boundary_a", "boundary_b")
        ]
        spreads.append(np.std(logs[0] - logs[1]))
    assert np.sqrt(np.mean(np.square(spreads))) > HIDDEN


@pytest.mark.parametrize("name", FAMILIES)
def test_levels_are_scrambled_by_the_repetition_and_sets_are_not(name):
    entry = load_registry().problems[name]
    build, parameters = resolve(entry.build), entry.parameters()
    rotated = "rotated" in entry.facts(parameters).flags
    exact = dataclasses.replace(parameters, levels="exact")
    one, other = build(parameters, 5), build(parameters, 6)
    rng, starts = np.random.default_rng(0), np.concatenate([one.start_a, one.start_b])
    near = starts + 0.1 * rng.standard_normal(starts.shape)
    x = np.concatenate([rng.uniform(*one.box, (300, one.dim)), near])
    for side in ("boundary_a", "boundary_b"):
        by_seed = []
        for problem, seed in ((one, 5), (other, 6)):
            factor, same = factors(problem, build(exact, seed), side, x)
            assert same and np.max(factor) > SCRAMBLED * np.min(factor)
            by_seed.append(factor)
        if not rotated:
            assert np.max(by_seed[0] / by_seed[1]) > SCRAMBLED * np.min(by_seed[0] / by_seed[1])
