"""All checks of one problem, in a process of its own: a stranger's code may end it, and what was found before stands.

`python -m mfbench.conformance.problem_run NAME PARAMETERS.json PLUGIN...` writes one verdict a line, as JSON.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from mfbench.conformance import answers, routes
from mfbench.conformance.functions import all_checks
from mfbench.conformance.shots import shots
from mfbench.conformance.verdict import Outcome, Verdict, failed, passed
from mfbench.judges import judge_of
from mfbench.parameters import make_parameters
from mfbench.registry import Registry, load_registry, resolve
from mfbench.scoring import death_sentence
from mfbench.seeds import problem_seed
from mfbench.solver import ProblemEntry
from mfbench.tasks.judging import Judge

PATIENCE = 120.0
"""Seconds after which the process is killed; a reference that is not stored may have to be computed."""

POINTS = 24
"""Of the judge's points and of the start points: where functions are tried."""

EXPECTED = (
    "builds", "facts", "shapes", "rows", "namespaces", "gradients", "circulation", "repetitions", "boundary", "judge",
    "ends", "second-route", "grid", "shots",
)  # fmt: skip


def run_problem(entry: ProblemEntry, parameters: dict[str, Any], plugins: tuple[str, ...]) -> list[Verdict]:
    """The verdicts of a problem; the check in which the process ended fails, and those behind it are missing."""
    environment = {**os.environ, "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
    call = [sys.executable, "-m", "mfbench.conformance.problem_run", entry.name]
    call += [msgspec.json.encode(parameters).decode(), *plugins]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            code = subprocess.run(
                call, stdout=out, stderr=err, env=environment, timeout=PATIENCE, check=False
            ).returncode
            death = "" if code == 0 else death_sentence(code)
        except subprocess.TimeoutExpired:
            death = f"it took more than {PATIENCE:.0f} s"
        out.seek(0)
        verdicts = [
            msgspec.json.decode(line, type=Verdict)
            for line in out.read().splitlines()
            if line.startswith(b'{"check"')
        ]
        err.seek(0)
        said = err.read().decode(errors="replace").strip().splitlines()
    if death:
        done = {verdict.check for verdict in verdicts}
        where = next((check for check in EXPECTED if check not in done), EXPECTED[-1])
        verdicts.append(failed(where, f"{death}. Its last words: {said[-1] if said else 'none'}"))
    return verdicts


def verdicts_of(registry: Registry, name: str, values: dict[str, Any]) -> Iterator[Verdict]:
    """Check after check, in the order of `EXPECTED`."""
    entry = registry.problems[name]
    parameters = make_parameters(entry.parameters, values, f"problem {name}")
    seed = problem_seed(name, 0)

    def build(number: int) -> Any:
        return resolve(entry.build)(parameters, number)

    try:
        problem = build(seed)
        judge: Judge = judge_of(entry, values, 0)
        looks = judge.inquiry.looks
    except (Exception, SystemExit) as error:
        yield failed("builds", f"{type(error).__name__}: {error}")
        return
    yield passed("builds", "problem and judge can be made.")
    said = entry.facts(parameters)
    yield tried("facts", lambda: answers.facts(problem, said, looks))
    # Without the time, with which points of a time-dependent problem end.
    points = looks[:: max(1, len(looks) // POINTS)][:POINTS, : problem.dim]
    starts = [
        np.asarray(getattr(problem, one))[:4]
        for one in ("start_a", "start_b", "start")
        if hasattr(problem, one)
    ]
    points = np.concatenate([points, *starts])
    yield from all_checks(problem, points)
    yield tried("repetitions", lambda: answers.repetitions(build, said, points))
    yield tried("boundary", lambda: answers.boundary(problem, looks))
    yield tried("judge", lambda: answers.judging(judge, entry.task))
    yield tried("ends", lambda: routes.ends(problem, judge))
    finer = [
        tried("second-route", lambda: routes.second_route(entry, parameters, seed, judge)),
        tried("grid", lambda: routes.on_grids(entry, registry, parameters, problem, judge)),
    ]
    yield from finer
    known = any(verdict.outcome is not Outcome.SKIP for verdict in finer)
    yield tried("shots", lambda: shots(problem, judge, known))


def tried(name: str, check: Callable[[], Verdict]) -> Verdict:
    """What a check says, or what it raised."""
    try:
        return check()
    except (Exception, SystemExit) as error:
        return failed(name, f"{type(error).__name__}: {error}")


def main(arguments: list[str]) -> int:
    """In the process: print the verdicts as they come."""
    name, values, *plugins = arguments
    encode = msgspec.json.Encoder().encode
    # Where a stranger's print goes is no place for verdicts.
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    for verdict in verdicts_of(load_registry(plugins), name, msgspec.json.decode(values)):
        out.write(encode(verdict) + b"\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
