"""From a request to the list of trials: which cells, what cannot be run and why, how long it takes."""

from __future__ import annotations

import heapq
import math
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mfbench import availability
from mfbench.identity import key_here
from mfbench.names import Selector, unknown
from mfbench.parameters import make_parameters, parameter_document
from mfbench.record import Cell, Limits, Spec
from mfbench.registry import Registry
from mfbench.request import BadRequest, Request
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.tasks.known import TASKS

QUICK_SECONDS = 10 * 60.0
"""The quick preset fits into ten minutes on two cores."""

QUICK_CORES = 2

QUICK_LEAST = 5.0
"""No trial of the quick preset gets fewer seconds than this."""

QUICK_MOST = 60.0
"""Nor more than this, the standard preset's budget, however few trials there are."""

OVERHEAD = 1.15
"""Wall seconds of a trial beyond its budget (process, evaluation) as a factor, for predictions."""

CONTROL_SECONDS = 2.0
"""A control ends by itself; predictions count this much for it, or the budget if that is less."""

SEEDS = {"quick": 1, "standard": 5, "full": 5}
BUDGETS = {"standard": 60.0, "full": 120.0}


@dataclass(frozen=True)
class Instance:
    """A problem or solver entry with canonical parameters."""

    entry: Any
    parameters: dict[str, Any]


@dataclass
class Plan:
    """What is going to be run.

    Args:
        specs: the trials, in the order in which they are started.
        unsupported: trials that cannot be run, with the reason.
        frameworks: modules that the fork server should import ahead.
        jobs: trials at the same time.
        expected: key -> predicted wall seconds.
        gpus: at most so many trials at the same time are on a GPU; 1 where there is none.
    """

    specs: list[Spec] = field(default_factory=list)
    unsupported: list[tuple[Spec, str]] = field(default_factory=list)
    frameworks: tuple[str, ...] = ()
    jobs: int = 1
    expected: dict[str, float] = field(default_factory=dict)
    gpus: int = 1

    def minutes(self, specs: Iterable[Spec] | None = None) -> float:
        """Predicted wall minutes of these trials (default: all)."""
        free = [0.0] * self.jobs
        on_gpus = 0.0
        for spec in self.specs if specs is None else specs:
            heapq.heapreplace(free, free[0] + self.expected[spec.key])
            on_gpus += self.expected[spec.key] * (spec.cell.device == "cuda")
        return max(*free, on_gpus / self.gpus) / 60.0


def make_plan(request: Request, registry: Registry, cores: int | None, plugins: tuple[str, ...] = ()) -> Plan:
    """Cross problems with solvers and seeds.

    Args:
        request: what is asked for.
        registry: what there is.
        cores: of this machine; None where other machines are going to run the trials, by their cores and devices.
        plugins: plugin files that were loaded.

    Raises:
        NameProblem, ParameterError, BadRequest: for what cannot be read or does not exist.
    """
    with request.naming("threads"):
        if cores is not None and request.threads > cores:
            raise BadRequest(f"threads: got {request.threads}; this process may use {cores} cores.")
    with request.naming("problems"):
        problems = choose_problems(request.problems, registry, request.preset)
    with request.naming("solvers"):
        solvers = choose_solvers(request.solvers, registry, {problem.entry.task for problem in problems})
    seeds = request.seeds or SEEDS[request.preset]
    budget = float(request.budget or preset_budget(request.preset, registry, seeds))
    jobs = request.jobs or max(1, (cores or 1) // request.threads)
    plan = Plan(jobs=jobs, gpus=1 if cores is None else max(1, len(availability.gpus())))
    frameworks: list[str] = []
    for problem, solver, device, reason in pairs(
        registry, problems, solvers, request.device, elsewhere=cores is None
    ):
        for seed in range(seeds):
            spec = make_spec(request, registry, problem, solver, seed, device, budget, plugins)
            if reason is not None:
                plan.unsupported.append((spec, reason))
                continue
            plan.specs.append(spec)
            plan.expected[spec.key] = expected_seconds(solver.entry, budget)
            frameworks.extend(solver.entry.extras)
    plan.frameworks = tuple(dict.fromkeys(frameworks))
    # Seeds last: an early stop leaves a table over all problems rather than one complete problem.
    plan.specs.sort(key=lambda spec: spec.cell.seed)
    return plan


def pairs(
    registry: Registry,
    problems: list[Instance],
    solvers: list[Instance],
    device: str,
    elsewhere: bool = False,
) -> Iterator[tuple[Instance, Instance, str, str | None]]:
    """Problem, solver, device class and the reason why not (None if it can be run), for each of a task."""
    for problem in problems:
        for solver in solvers:
            if solver.entry.task == problem.entry.task:
                origin = registry.origins[solver.entry.task, solver.entry.name]
                chosen = availability.best_device(solver.entry, origin) if device == "auto" else device
                reason = availability.why_not(
                    registry, problem.entry, problem.parameters, solver.entry, chosen, elsewhere
                )
                yield problem, solver, chosen, reason


def choose_problems(selectors: tuple[Selector, ...], registry: Registry, preset: str) -> list[Instance]:
    """The instances that selectors name; the preset's standard instances where they name none."""
    chosen: list[Instance] = []
    for selector in selectors or (Selector("*", {}),):
        names = selector.matching(registry.problems)
        if not names and selectors:
            raise unknown("problem", selector.glob, registry.problems)
        for name in names:
            entry = registry.problems[name]
            overrides: tuple[Any, ...] = (selector.parameters,)
            if not selector.parameters:
                # A family outside the preset is run at its defaults when it is asked for by name.
                overrides = tuple(entry.instances.get(preset, ())) or (({},) if selectors else ())
            chosen.extend(instance(entry, f"problem {name}", override) for override in overrides)
    return unique(chosen)


def choose_solvers(
    selectors: tuple[Selector, ...], registry: Registry, tasks: Container[str]
) -> list[Instance]:
    """The solvers of these tasks that selectors name; all of them where there is none.

    One name may stand in several tasks, with other parameters in each.
    """
    chosen: list[Instance] = []
    names = {name for _, name in registry.solvers}
    for selector in selectors or (Selector("*", {}),):
        matching = selector.matching(names)
        if not matching and selectors:
            raise unknown("solver", selector.glob, names)
        entries = [
            entry for (task, name), entry in registry.solvers.items() if name in matching and task in tasks
        ]
        if not entries and selectors:
            raise BadRequest(f"solver {selector.glob!r}: no chosen problem is of its task.")
        chosen.extend(instance(entry, f"solver {entry.name}", selector.parameters) for entry in entries)
    return unique(chosen)


def instance(entry: ProblemEntry | SolverEntry, where: str, overrides: dict[str, Any]) -> Instance:
    """An entry with its parameters checked and filled in."""
    return Instance(entry, parameter_document(make_parameters(entry.parameters, overrides, where)))


def unique(instances: list[Instance]) -> list[Instance]:
    """Each instance once, in the order of first appearance."""
    found: list[Instance] = []
    for one in instances:
        if not any(one.entry is other.entry and one.parameters == other.parameters for other in found):
            found.append(one)
    return found


def make_spec(
    request: Request,
    registry: Registry,
    problem: Instance,
    solver: Instance,
    seed: int,
    device: str,
    budget: float,
    plugins: tuple[str, ...],
) -> Spec:
    """The document of one trial, with its key."""
    entry: SolverEntry = solver.entry
    cell = Cell(
        task=problem.entry.task,
        problem=problem.entry.name,
        problem_parameters=problem.parameters,
        solver=entry.name,
        solver_parameters=solver.parameters,
        seed=seed,
        device=device,
        budget=budget,
    )
    limits = Limits(threads=request.threads, memory_mb=request.memory_mb)
    return Spec(key=key_here(cell, registry, request.threads), cell=cell, limits=limits, plugins=plugins)


def expected_seconds(solver: SolverEntry, budget: float) -> float:
    """Predicted wall seconds of one trial."""
    return OVERHEAD * (min(CONTROL_SECONDS, budget) if solver.control else budget)


def preset_budget(preset: str, registry: Registry, seeds: int) -> float:
    """Seconds of a trial in a preset.

    The quick preset divides its core seconds over all trials that the installed plugins make, so that a
    part of it (`-p`, `-s`) runs the same trials and can be continued by the whole.
    """
    if preset in BUDGETS:
        return BUDGETS[preset]
    everything = pairs(
        registry, choose_problems((), registry, preset), choose_solvers((), registry, TASKS), "auto"
    )
    kinds = [(solver.entry.control, device) for _, solver, device, reason in everything if reason is None]
    controls = seeds * sum(control for control, _ in kinds)
    learning, on_gpus = seeds * len(kinds) - controls, seeds * kinds.count((False, "cuda"))
    left = QUICK_SECONDS / OVERHEAD - math.ceil(controls / QUICK_CORES) * CONTROL_SECONDS
    # The last trial may run alone while the other cores idle: sum / m + (1 - 1 / m) longest (Graham 1969).
    rounds = max(1.0, (learning + QUICK_CORES - 1) / QUICK_CORES)
    if on_gpus:  # they wait for each other, however many cores there are
        rounds = max(rounds, on_gpus / len(availability.gpus()))
    return min(QUICK_MOST, max(QUICK_LEAST, float(int(left / rounds))))
