"""What a repetition's seed changes and what it must not; and that no path leads to the answers."""

import importlib
import types

import numpy as np
import pytest

import mfbench_committor
from mfbench.frames import Frame
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.double_well import STARTS


def test_repetitions_rotate_and_keep_the_answers(case):
    first, second = case.judge(1), case.judge(2)
    for name in ("reactive", "flat", "equilibrium"):
        one, two = getattr(first, name), getattr(second, name)
        np.testing.assert_array_equal(one.q, two.q)
        np.testing.assert_array_equal(one.weights, two.weights)
        assert np.max(np.abs(one.x - two.x)) > 0.1
        back = [case.frame(seed).to_formula(points.x) for seed, points in ((1, one), (2, two))]
        np.testing.assert_allclose(back[0], back[1], atol=1e-13)
    one, two = case.build(1), case.build(2)
    x = case.cloud(100)
    for name in ("potential", "boundary_a", "boundary_b"):
        assert np.max(np.abs(getattr(one, name)(x) - getattr(two, name)(x))) > 0.1
    np.testing.assert_array_equal(one.box, two.box)
    assert not np.any(np.isclose(one.start_a, two.start_a))


def test_the_same_seed_gives_the_same_problem(case):
    one, two, x = case.build(7), case.build(7), case.cloud(100)
    for name in ("potential", "boundary_a", "boundary_b"):
        np.testing.assert_array_equal(getattr(one, name)(x), getattr(two, name)(x))
    np.testing.assert_array_equal(one.start_a, two.start_a)
    np.testing.assert_array_equal(one.start_b, two.start_b)


def test_seeds_of_a_repetition_differ_from_each_other():
    seeds = [vars(repetition_seeds(k)).values() for k in range(50)]
    assert len({seed for group in seeds for seed in group}) == 200


def reachable(root):
    """All objects that attributes, containers and closures lead to; a module's globals are no attributes."""
    found, queue = {}, [root]
    while queue:
        item = queue.pop()
        if id(item) in found or isinstance(item, types.ModuleType | type):
            continue
        found[id(item)] = item
        if isinstance(item, types.FunctionType):
            queue += [cell.cell_contents for cell in item.__closure__ or ()]
        elif isinstance(item, dict):
            queue += list(item.values())
        elif isinstance(item, list | tuple | set):
            queue += list(item)
        elif not isinstance(item, np.ndarray):
            queue += list(getattr(item, "__dict__", {}).values())
    return list(found.values())


def test_no_path_leads_from_the_problem_to_its_judge(case):
    objects = reachable(case.build())
    assert any(isinstance(item, Frame) for item in objects), "the walk does enter closures"
    homes = {type(item).__module__ for item in objects}
    assert not homes & {"mfbench.tasks.committor_judge", "mfbench.reference"}
    assert not any(home.startswith("mfbench_committor.") for home in homes - {case.parameters.__module__})
    arrays = [item for item in objects if isinstance(item, np.ndarray)]
    assert max(len(a) for a in arrays) <= max(case.parameters.dim, STARTS), "no stored points"
    judged = [item for item in reachable(case.judge()) if isinstance(item, np.ndarray)]
    assert not any(np.shares_memory(one, two) for one in arrays for two in judged)


LARGEST = 64
"""Rows of an array that a problem may carry: start points, wells, a small matrix. Points of a judge are thousands."""


@pytest.mark.parametrize("entry", mfbench_committor.mfbench_problems(), ids=lambda entry: entry.name)
def test_no_family_carries_its_answers(entry):
    overrides = next(o for preset in ("quick", "standard", "full") for o in entry.instances.get(preset, ()))
    module, _, function = entry.build.partition(":")
    problem = getattr(importlib.import_module(module), function)(entry.parameters(**overrides), 3)
    objects = reachable(problem)
    homes = {type(item).__module__ for item in objects}
    assert not homes & {"mfbench.tasks.committor_judge", "mfbench.tasks.shot_judge", "mfbench.reference"}
    rows = [len(item) for item in objects if isinstance(item, np.ndarray) and item.ndim]
    assert max(rows) <= max(problem.dim, LARGEST), "no stored points"


def test_the_walk_finds_a_judge_that_a_closure_hides(case):
    judge = case.judge()
    assert any(item is judge for item in reachable({"potential": [lambda x: judge.beta * x]}))
