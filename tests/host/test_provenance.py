"""Keys: they change with what is run, and with nothing else."""

from __future__ import annotations

import platform

import msgspec
import pytest

from mfbench import provenance
from mfbench.plan import make_plan
from mfbench.record import Cell
from mfbench.registry import load_registry
from mfbench.request import Request, parse_selector

CELL = Cell(
    task="committor", problem="committor/line", problem_parameters={"a": 1, "b": 2.0}, solver="relax",
    solver_parameters={"steps": 3}, seed=0, device="cpu", budget=5.0,
)  # fmt: skip


def key(code=("a", "b"), versions=None, threads=1, **changes):
    cell = msgspec.structs.replace(CELL, **changes)
    return provenance.key(cell, code, versions or {"numpy": "2.0"}, threads)


def test_every_part_of_a_cell_counts():
    changes = {
        "task": "fokker-planck", "problem": "committor/arc", "problem_parameters": {"a": 2, "b": 2.0},
        "solver": "other", "solver_parameters": {"steps": 4}, "seed": 1, "device": "cuda", "budget": 6.0,
    }  # fmt: skip
    assert changes.keys() == set(Cell.__struct_fields__)
    keys = [key()] + [key(**{name: value}) for name, value in changes.items()]
    keys += [key(code=("a", "c")), key(code=("b", "a")), key(versions={"numpy": "2.1"}), key(threads=2)]
    assert len(set(keys)) == len(keys)


def test_what_is_equal_has_one_key():
    assert key() == key(problem_parameters={"b": 2.0, "a": 1})
    assert key(versions={"x": "1", "y": "2"}) == key(versions={"y": "2", "x": "1"})
    again = msgspec.json.decode(msgspec.json.encode(CELL), type=Cell)
    assert provenance.key(again, ("a", "b"), {"numpy": "2.0"}, 1) == key()


def test_the_protocol_counts(monkeypatch):
    before = key()
    monkeypatch.setattr(provenance, "PROTOCOL", 99)
    assert key() != before


@pytest.fixture(scope="module")
def plan_keys(toy_plugin):
    registry = load_registry([toy_plugin])

    def keys(**changes):
        request = Request(
            **{"problems": (parse_selector("line"),), "solvers": (parse_selector("relax"),), "budget": 5.0}
            | changes
        )
        return [spec.key for spec in make_plan(request, registry, 4, (toy_plugin,)).specs]

    return keys


@pytest.mark.parametrize(
    "change",
    [{"jobs": 3}, {"output": "elsewhere"}, {"memory_mb": 100}, {"preset": "full", "seeds": 1}, {"budget": 5}],
)
def test_how_it_is_run_does_not_count(plan_keys, change):
    assert plan_keys(**change) == plan_keys()


@pytest.mark.parametrize(
    "change", [{"threads": 2}, {"budget": 6.0}, {"solvers": (parse_selector("relax[steps=2]"),)}]
)
def test_what_is_run_counts(plan_keys, change):
    assert set(plan_keys(**change)).isdisjoint(plan_keys())


def test_more_seeds_keep_the_first_ones(plan_keys):
    assert plan_keys(seeds=3)[:1] == plan_keys(seeds=1)
    assert len(set(plan_keys(seeds=3))) == 3


def test_versions_are_those_that_are_declared():
    found = provenance.versions(("msgspec", "no-such-distribution"))
    assert found["python"] == platform.python_version()
    assert {"numpy", "scipy", "msgspec"} <= found.keys()
    assert "no-such-distribution" not in found


def test_a_machine_has_a_fingerprint_and_no_name():
    facts = provenance.machine()
    assert len(facts["fingerprint"]) == 12
    assert platform.node() not in facts.values()
    assert int(facts["cores"]) >= 1
