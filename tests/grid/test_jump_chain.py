"""Hitting probabilities of chains: against the gambler's ruin formula, and one method against the other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mfbench_grid.blocks import jump_chain
from mfbench_grid.blocks.jump_chain import JumpChain, Stalled, hitting_direct, hitting_multigrid


def gambler(n, up):
    """n inner nodes in a row, a step up with probability `up`; A below the first, B above the last."""
    nodes = np.arange(n - 1)
    down = 1.0 - up
    first, last = np.zeros(n), np.zeros(n)
    first[0], last[-1] = down, up
    chain = JumpChain(nodes, nodes + 1, np.full(n - 1, up), np.full(n - 1, down), first, last)
    ratio = down / up
    exact = (ratio ** np.arange(1, n + 1) - 1) / (ratio ** (n + 1) - 1)
    return chain, exact


def lattice(n, seed):
    """A chain on n x n nodes with rough random rates that obey detailed balance; A left, B right."""
    rng = np.random.default_rng(seed)
    energy = rng.uniform(0, 6, (n, n))
    numbers = np.arange(n * n).reshape(n, n)
    i = np.concatenate([numbers[:-1].ravel(), numbers[:, :-1].ravel()])
    j = np.concatenate([numbers[1:].ravel(), numbers[:, 1:].ravel()])
    e = energy.ravel()
    top = np.maximum(e[i], e[j])
    to_a, to_b = np.zeros(n * n), np.zeros(n * n)
    to_a[numbers[0]] = to_b[numbers[-1]] = 0.3
    total = (
        np.bincount(i, np.exp(e[i] - top), n * n) + np.bincount(j, np.exp(e[j] - top), n * n) + to_a + to_b
    )
    return JumpChain(
        i, j, np.exp(e[i] - top) / total[i], np.exp(e[j] - top) / total[j], to_a / total, to_b / total
    )


@pytest.mark.parametrize("up", [0.5 - 1e-9, 0.25, 0.1])
def test_elimination_keeps_the_digits_of_tiny_probabilities(up):
    chain, exact = gambler(200, up)
    assert exact[0] < 1e-2
    np.testing.assert_allclose(hitting_direct(chain), exact, rtol=1e-6 if up > 0.49 else 1e-12)


def test_multigrid_keeps_the_digits_of_tiny_probabilities():
    chain, exact = gambler(2000, 0.45)
    assert exact[0] < 1e-170
    guess = exact * np.exp(np.random.default_rng(0).normal(size=2000))
    np.testing.assert_allclose(hitting_multigrid(chain, guess), exact, rtol=1e-9)


def test_both_methods_agree_on_rough_rates():
    chain = lattice(60, 1)
    direct = hitting_direct(chain)
    rough = direct * np.random.default_rng(2).uniform(0.5, 2.0, chain.size)
    np.testing.assert_allclose(hitting_multigrid(chain, rough), direct, rtol=1e-9)


def test_parts_from_which_b_is_out_of_reach_have_no_committor():
    """Whatever is guessed there; what sees B alone has 1."""
    chain, exact = gambler(200, 0.4)
    behind = np.arange(3) + 200
    i = np.concatenate([chain.i, behind[:-1], behind[:-1] + 3])
    more = {"forward": [0.5, 0.5, 1.0, 0.5], "backward": [0.5, 1.0, 0.5, 0.5]}
    links = {name: np.concatenate([getattr(chain, name), values]) for name, values in more.items()}
    to_a, to_b = (
        np.concatenate([chain.to_a, [0.5, 0, 0], np.zeros(3)]),
        np.concatenate([chain.to_b, np.zeros(3), [0, 0, 0.5]]),
    )
    whole = JumpChain(i, i + 1, **links, to_a=to_a, to_b=to_b)
    expected = np.concatenate([exact, np.zeros(3), np.ones(3)])
    np.testing.assert_array_equal(whole.sees_b(), expected > 0)
    np.testing.assert_allclose(hitting_direct(whole), expected, rtol=1e-9)
    found = hitting_multigrid(whole, np.where(expected > 0, 0.5 * expected, 1e-3))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-200)


def test_answers_have_no_defect_and_obey_the_maximum_principle():
    chain = lattice(40, 3)
    q = hitting_direct(chain)
    assert np.max(np.abs(chain.defect(q))) < 1e-15
    assert np.all((q > 0) & (q < 1))


def test_matrix_and_defect_are_the_same_equation():
    chain = lattice(15, 4)
    q, scale = np.random.default_rng(5).uniform(0.1, 1.0, (2, chain.size))
    np.testing.assert_allclose(chain.to_b - chain.matrix() @ q, chain.defect(q), atol=1e-15)
    np.testing.assert_allclose(chain.matrix(scale) @ (q / scale), (chain.matrix() @ q) / scale, atol=1e-13)


def test_too_few_passes_are_told(monkeypatch):
    chain = lattice(60, 1)
    monkeypatch.setattr(jump_chain, "PASSES", 1)
    with pytest.raises(Stalled, match=r"3600 nodes did not settle in 1 passes"):
        hitting_multigrid(chain, np.ones(chain.size))


def test_exits_too_rare_for_float64_are_told():
    chain = lattice(10, 1)
    shut = dataclasses.replace(chain, to_a=1e-30 * chain.to_a, to_b=2e-30 * chain.to_b)
    with pytest.raises(Stalled, match="float64 has no digits left"):
        hitting_direct(shut)
