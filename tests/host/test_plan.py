"""Plans: every pair of a task once, with a reason where it cannot be run, within the preset's time."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfbench import Facts, ProblemEntry, SolverEntry, availability
from mfbench.names import NameProblem, parse_selector
from mfbench.parameters import ParameterError
from mfbench.plan import BUDGETS, Plan, choose_problems, make_plan, preset_budget
from mfbench.record import Cell, Spec
from mfbench.registry import Origin, Registry, load_registry
from mfbench.request import BadRequest, Request


@dataclasses.dataclass(frozen=True)
class Dim:
    dim: int = 2


@dataclasses.dataclass(frozen=True)
class Cells:
    cells: int = 10


def problem(name, **more):
    task = name.partition("/")[0]
    return ProblemEntry(
        name=name, summary="", formula="", source="", build="m:b", judge="m:j", parameters=Dim,
        facts=lambda parameters: Facts(task=task, dim=parameters.dim), **more,
    )  # fmt: skip


def solver(name, task="committor", **more):
    return SolverEntry(**{"name": name, "task": task, "summary": "", "source": "", "run": "m:f"} | more)


def registry_with(problems, solvers):
    registry = Registry()
    for entry in problems:
        registry.problems[entry.name] = entry
        registry.origins[entry.name] = Origin("p", "p.py")
    for entry in solvers:
        registry.solvers[entry.task, entry.name] = entry
        registry.origins[entry.task, entry.name] = Origin("p", "p.py")
    return registry


@pytest.fixture
def registry():
    """Two tasks; a solver name that stands in both, with other parameters; one that is too flat."""
    return registry_with(
        [
            problem("committor/arc", instances={"quick": ({},), "standard": ({}, {"dim": 5})}),
            problem("committor/hard", instances={"full": ({"dim": 9},)}),
            problem("fokker-planck/ring", instances={"quick": ({},), "standard": ({},)}),
        ],
        [
            solver("constant", control=True),
            solver("grid", parameters=Cells, supports=lambda facts: None if facts.dim < 4 else "d < 4 only"),
            solver("grid", "fokker-planck"),
            solver("net", extras=("no-such-framework",)),
        ],
    )


def request(problems="", solvers="", **more):
    return Request(
        problems=tuple(map(parse_selector, problems.split())),
        solvers=tuple(map(parse_selector, solvers.split())),
        **more,
    )


def planned(plan):
    return [
        (spec.cell.problem, spec.cell.problem_parameters["dim"], spec.cell.solver, spec.cell.seed)
        for spec in plan.specs
    ]


def test_everything_of_a_preset(registry):
    plan = make_plan(request(seeds=2), registry, 2)
    assert planned(plan) == [
        (name, 2, solver, seed)
        for seed in (0, 1)
        for name, solver in (
            ("committor/arc", "constant"),
            ("committor/arc", "grid"),
            ("fokker-planck/ring", "grid"),
        )
    ], "seeds last: an early stop leaves a table over all problems"
    assert {(spec.cell.solver, reason) for spec, reason in plan.unsupported} == {
        ("net", "no-such-framework not installed; run: pip install 'no-such-framework'")
    }


def test_a_solvers_own_reason(registry):
    plan = make_plan(request(preset="standard", seeds=1), registry, 2)
    assert ("committor/arc", 5, "grid", 0) not in planned(plan)
    assert ("d < 4 only", 5) in {
        (reason, spec.cell.problem_parameters["dim"]) for spec, reason in plan.unsupported
    }


def test_a_family_outside_the_preset_is_run_at_its_defaults_when_named(registry):
    assert planned(make_plan(request("hard", "constant"), registry, 2)) == [
        ("committor/hard", 2, "constant", 0)
    ]
    assert planned(make_plan(request("hard[dim=3]", "constant"), registry, 2)) == [
        ("committor/hard", 3, "constant", 0)
    ]


def test_each_pair_once_however_often_it_is_named(registry):
    plan = make_plan(request("arc committor/* arc[dim=2]", "constant con* constant"), registry, 2)
    assert planned(plan) == [("committor/arc", 2, "constant", 0), ("committor/hard", 2, "constant", 0)]


def test_parameters_of_a_name_that_stands_in_two_tasks_are_those_of_the_chosen_task(registry):
    plan = make_plan(request("arc", "grid[cells=7]"), registry, 2)
    assert [spec.cell.solver_parameters for spec in plan.specs] == [{"cells": 7}]
    with pytest.raises(ParameterError, match="solver grid: unknown parameter 'cells'"):
        make_plan(request("ring", "grid[cells=7]"), registry, 2)


@pytest.mark.parametrize(
    ("problems", "solvers", "error", "words"),
    [
        ("lime", "constant", NameProblem, "unknown problem 'lime'"),
        ("ark", "constant", NameProblem, "did you mean committor/arc"),
        ("arc", "constnat", NameProblem, "unknown solver 'constnat'; did you mean constant"),
        (
            "arc[dmi=3]",
            "constant",
            ParameterError,
            "problem committor/arc: unknown parameter 'dmi'; it has: dim",
        ),
        ("arc[dim=x]", "constant", ParameterError, "parameter 'dim' got 'x'; expected a whole number"),
        ("ring", "net", BadRequest, "solver 'net': no chosen problem is of its task"),
    ],
)
def test_bad_input(registry, problems, solvers, error, words):
    with pytest.raises(error, match=words):
        make_plan(request(problems, solvers), registry, 2)


def test_more_threads_than_cores(registry):
    with pytest.raises(BadRequest, match="threads: got 3; this process may use 2 cores"):
        make_plan(request(threads=3), registry, 2)


@pytest.mark.parametrize(
    ("threads", "cores", "jobs", "expected"),
    [(1, 2, None, 2), (2, 5, None, 2), (4, 4, None, 1), (1, 2, 7, 7)],
)
def test_jobs_fill_the_cores(registry, threads, cores, jobs, expected):
    assert make_plan(request(threads=threads, jobs=jobs), registry, cores).jobs == expected


def test_a_nothing_of_plugins_is_an_empty_plan():
    assert make_plan(request(), Registry(), 2).specs == []


def test_standard_and_full_have_fixed_budgets(registry):
    assert {preset: preset_budget(preset, registry, 5) for preset in ("standard", "full")} == BUDGETS
    assert make_plan(request(budget=7), registry, 2).specs[0].cell.budget == 7.0


def wall_seconds(seconds, cores=2):
    """How long trials take that are started in this order, each on the core that is free first."""
    free = [0.0] * cores
    for each in seconds:
        free.sort()
        free[0] += each
    return max(free)


@given(seconds=st.lists(st.floats(0.1, 100.0), max_size=12), jobs=st.integers(1, 4))
def test_predicted_minutes_are_those_of_filling_the_jobs(seconds, jobs):
    cell = Cell(
        task="t",
        problem="t/p",
        problem_parameters={},
        solver="s",
        solver_parameters={},
        seed=0,
        device="cpu",
        budget=1.0,
    )
    specs = [Spec(key=str(number), cell=cell) for number in range(len(seconds))]
    plan = Plan(specs=specs, jobs=jobs, expected={str(number): each for number, each in enumerate(seconds)})
    assert plan.minutes() == pytest.approx(wall_seconds(seconds, jobs) / 60.0)
    assert plan.minutes([]) == 0.0


@settings(max_examples=30)
@given(learning=st.integers(0, 300), controls=st.integers(0, 10), seeds=st.integers(1, 3))
def test_the_quick_preset_fits_into_ten_minutes_on_two_cores(learning, controls, seeds):
    """Whatever is installed, as long as 5 s for each trial fit; and no trial gets less."""
    entries = [solver(f"s{number}") for number in range(learning)]
    entries += [solver(f"c{number}", control=True) for number in range(controls)]
    registry = registry_with([problem("committor/arc", instances={"quick": ({},)})], entries)
    plan = make_plan(request(seeds=seeds), registry, 2)
    assert len(plan.specs) == seeds * (learning + controls)
    budgets = {spec.cell.budget for spec in plan.specs}
    assert len(budgets) <= 1
    assert all(budget >= 5.0 for budget in budgets)
    # 15 % beyond the budget for process and evaluation; a control ends within 2 s.
    seconds = [1.15 * (2.0 if spec.cell.solver.startswith("c") else spec.cell.budget) for spec in plan.specs]
    least = 1.15 * (5.0 * math.ceil(seeds * learning / 2) + 2.0 * math.ceil(seeds * controls / 2))
    # Started in another order, the longest trial may stand alone at the end.
    assert wall_seconds(seconds) <= max(600.0, least) + max(budgets, default=0.0)
    assert sum(seconds) / 2 <= max(600.0, least) * (1 + 1e-12)  # sums of floats


def test_the_quick_preset_of_what_is_installed():
    """The sum for the bundled plugins, as they stand: within ten minutes, at least 5 s each, one instance a family."""
    registry = load_registry()
    plan = make_plan(Request(), registry, 2)
    assert (
        Counter(instance.entry.name for instance in choose_problems((), registry, "quick")).most_common(1)[0][
            1
        ]
        == 1
    )
    assert plan.specs
    assert all(spec.cell.budget >= 5.0 for spec in plan.specs)
    seconds = []
    for spec in plan.specs:
        control = registry.solvers[spec.cell.task, spec.cell.solver].control
        seconds.append(1.15 * (min(2.0, spec.cell.budget) if control else spec.cell.budget))
    assert sum(seconds) <= 10 * 60 * 2
    assert wall_seconds(seconds) <= 10 * 60
    assert plan.minutes() <= 10


def test_what_waits_for_one_gpu_is_counted_one_after_the_other(monkeypatch):
    monkeypatch.setattr(availability, "gpus", lambda: ("0",))
    entries = [solver(f"g{number}", devices=("cpu", "cuda")) for number in range(30)]
    entries += [solver(f"c{number}") for number in range(10)]
    registry = registry_with([problem("committor/arc", instances={"quick": ({},)})], entries)
    plan = make_plan(request(), registry, 8)
    assert Counter(spec.cell.device for spec in plan.specs) == {"cuda": 30, "cpu": 10}
    budget = plan.specs[0].cell.budget
    assert plan.minutes() == pytest.approx(1.15 * 30 * budget / 60)
    assert 9 < plan.minutes() <= 10
    monkeypatch.setattr(availability, "gpus", lambda: ("0", "1"))
    assert make_plan(request(), registry, 8).specs[0].cell.budget > budget


def test_a_part_of_the_quick_preset_runs_the_same_trials(registry):
    """So that the whole continues what the part began."""
    whole = {spec.key for spec in make_plan(request(), registry, 2).specs}
    part = {spec.key for spec in make_plan(request("arc", "grid"), registry, 2).specs}
    assert part
    assert part <= whole
