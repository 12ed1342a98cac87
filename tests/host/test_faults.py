"""The fault matrix: whatever a solver does is one record with a status and a sentence, and nobody else's affair."""

from __future__ import annotations

import importlib.util
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from mfbench import executors, fork_server, session
from mfbench.plan import Plan
from mfbench.record import Cell, Limits, Record, Spec, Status
from mfbench.scratch import scratch
from mfbench.store import Store

BUDGET = 1.0
LIMITS = Limits(memory_mb=512, grace=1.0, evaluation=0.5)
LAST_WORDS = "it strikes now"


@dataclass(frozen=True)
class Fault:
    """What is expected of one fault: its status, words of its sentence, whether there is a curve; what it may use."""

    status: Status
    words: str
    curve: bool = True
    stderr: str = LAST_WORDS
    budget: float = BUDGET
    memory: int = 512
    needs: str = "numpy"


def error(words, **more):
    return Fault(Status.ERROR, words, **more)


def hunger(words, **more):
    return Fault(Status.OUT_OF_MEMORY, words, **more)


FAULTS = {
    # answers
    "become-nan": Fault(Status.DIVERGED, "NaN"),
    "become-inf": Fault(Status.DIVERGED, "infinite"),
    "become-nothing": Fault(Status.DIVERGED, "infinite"),
    "nan-at-once": Fault(Status.DIVERGED, "NaN", curve=False),
    "diverge": Fault(Status.DIVERGED, "step 7: the energy is inf"),
    "wrong-shape": error("expected (2048,)", curve=False),
    "complex-numbers": error("complex128; expected real numbers", curve=False),
    "words": error("<U6; expected real numbers", curve=False),
    "objects": error("object; expected real numbers", curve=False),
    "no-checkpoint": error("yielded float; expected a Checkpoint"),
    "not-a-generator": error("generator", curve=False),
    "yield-nothing": Fault(Status.TIMEOUT, "yielded nothing", curve=False),
    # endings
    "fail": error("RuntimeError: the plug was pulled", stderr="the plug was pulled"),
    "fail-oddly": error("Unheard: (no message: RuntimeError)", stderr="Unheard"),
    "fail-in-no-words": error(r"FileNotFoundError: no \udcff", stderr="xxx"),
    "recurse": error("RecursionError", stderr="RecursionError"),
    "leave": Fault(Status.CRASHED, "exit code 0"),
    "exit": error("SystemExit: 0"),
    "segfault": Fault(Status.CRASHED, "SIGSEGV", stderr="Segmentation fault"),
    "abort": Fault(Status.CRASHED, "SIGABRT", stderr="Aborted"),
    "kill-itself": Fault(Status.CRASHED, "SIGKILL"),
    # hangs
    "hang": Fault(Status.OK, "killed at the limit"),
    "hang-at-once": Fault(Status.TIMEOUT, "never yielded", curve=False),
    "hold-gil": Fault(Status.OK, "killed at the limit"),
    "search": Fault(Status.OK, "killed at the limit"),
    "be-deaf": Fault(Status.OK, "killed at the limit"),
    "stop-itself": Fault(Status.OK, "killed at the limit"),
    "for-ever": Fault(Status.OK, "stopped at a yield"),
    "slow-setup": Fault(Status.TIMEOUT, "it yielded nothing within 1 s", curve=False),
    # families
    "grandchild": Fault(Status.OK, "finished by itself"),
    "copy-returns": Fault(Status.OK, "finished by itself"),
    "copy-goes-on": Fault(Status.OK, "finished by itself"),
    "copy-fails": Fault(Status.OK, "finished by itself", stderr="the copy failed"),
    "daemon": Fault(Status.CRASHED, "exit code 3"),
    "nameless": Fault(Status.OK, "finished by itself"),
    "family": Fault(Status.CRASHED, "SIGKILL"),
    # hunger
    "devour": hunger("MemoryError", stderr="MemoryError"),
    "devour-lists": hunger("MemoryError", stderr="MemoryError"),
    "devour-torch": hunger("can't allocate memory", budget=60.0, memory=1024, needs="torch"),
    "devour-jax": hunger(
        "RESOURCE_EXHAUSTED", stderr="RESOURCE_EXHAUSTED", budget=60.0, memory=1024, needs="jax"
    ),
    "print-a-gigabyte": Fault(Status.OK, "finished by itself", budget=30.0, memory=1024),
    "start-threads": Fault(Status.OK, "finished by itself", budget=30.0, memory=2048),
    "open-files": error("Too many open files"),
    # tampering
    "wander": Fault(Status.OK, "finished by itself"),
    "close-stdout": Fault(Status.OK, "finished by itself"),
    "close-everything": Fault(Status.OK, "finished by itself"),
    "close-everything-and-fail": error("in the dark"),
    "break-numpy": error("'NoneType' object is not callable"),
    "make-numpy-strict": Fault(Status.OK, "finished by itself"),
    "stop-clocks": Fault(Status.OK, "finished by itself"),
    "borrow-words": error("read on", stderr=""),
    "remove-folder": Fault(Status.CRASHED, "exit code 0", curve=False, stderr=""),
}
HANGS = ("hang", "hang-at-once", "hold-gil", "search", "be-deaf", "stop-itself")


@dataclass
class Observed:
    """What was seen of one fault: its record, those of the healthy trials beside and after it, and what was left."""

    record: Record
    healthy: list[bytes]
    left: list[str] = field(default_factory=list)


class Nobody:
    """Watches without a word."""

    def started(self, progress):
        pass

    def finished(self, record):
        pass


def spec(solver, plugins, number=0, fault=None):
    cell = Cell(
        task="committor", problem="committor/line", problem_parameters={"temperature": 1.0}, solver=solver,
        solver_parameters={}, seed=0, device="cpu", budget=fault.budget if fault else 30.0,
    )  # fmt: skip
    memory = fault.memory if fault else 512
    limits = Limits(memory_mb=memory, grace=LIMITS.grace, evaluation=LIMITS.evaluation)
    return Spec(key=f"{solver}-{number}", cell=cell, limits=limits, plugins=plugins)


@pytest.fixture(scope="module")
def matrix(toy_plugin, faulty_plugin, descendants, tmp_path_factory):
    """Each fault in a session of its own, beside a healthy trial where there are two cores, and before another."""
    store = Store(tmp_path_factory.mktemp("faults"))
    plugins = (toy_plugin, faulty_plugin)

    def run(*specs):
        plan = Plan(specs=list(specs), jobs=2)
        session.run(plan, session.split(plan, store), store, executors.local(2), Nobody(), lambda: False)
        return [store.read(one.cell, one.key) for one in specs]

    def values(record):
        assert record.status is Status.OK, record.sentence
        assert record.curve[0].error == alone_curve, "the first look is of the state before any step"
        return b"".join(array.tobytes() for _, array in sorted(store.arrays(record).items()))

    alone_curve = None
    (alone,) = run(spec("be-well", plugins))
    alone_curve = alone.curve[0].error
    seen = {"alone": values(alone)}
    for number, (name, fault) in enumerate(FAULTS.items()):
        if importlib.util.find_spec(fault.needs) is None:
            continue
        wanted = [spec(name, plugins, fault=fault), spec("be-well", plugins, number=1 + number)]
        record, healthy = run(*wanted)
        seen[name] = Observed(record, [values(healthy)], remains(descendants))
    (after,) = run(spec("be-well", plugins, number=1 + len(FAULTS)))
    seen["after"] = values(after)
    seen["store"] = store
    return seen


def remains(descendants):
    """Processes and folders that are still there when all had time to go."""
    deadline = time.monotonic() + 10.0
    while True:
        # Right below this process are the fork server and multiprocessing's resource tracker, and they stay.
        marked = [process for process in descendants() if process.ppid() != os.getpid()]
        below = psutil.Process(fork_server.pid()).children(recursive=True)
        left = [str(found) for found in (*marked, *below, *scratch().glob("trial-*"))]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


@pytest.fixture(params=FAULTS)
def case(request, matrix):
    if request.param not in matrix:
        pytest.skip(f"{FAULTS[request.param].needs} is not installed")
    return FAULTS[request.param], matrix[request.param]


def test_it_is_one_record_with_the_right_status_and_a_sentence(case):
    fault, seen = case
    assert seen.record.status is fault.status, seen.record.sentence
    assert fault.words in seen.record.sentence
    assert seen.record.sentence and "\n" not in seen.record.sentence
    assert len(seen.record.sentence) <= 500


def test_its_last_words_are_kept(case):
    fault, seen = case
    assert fault.stderr in seen.record.stderr
    assert len(seen.record.stderr) <= 2000


def test_the_words_of_another_file_are_nobodys_last_ones(matrix):
    assert matrix["borrow-words"].record.stderr == ""


def test_its_curve_so_far_is_kept(case):
    """1/2 everywhere scores sqrt(1/20) on the line."""
    fault, seen = case
    assert bool(seen.record.curve) == fault.curve
    if fault.curve:
        assert seen.record.curve[0].error == pytest.approx(0.05**0.5, rel=1e-3)


def test_its_numbers_are_nobody_elses(case, matrix):
    _, seen = case
    assert seen.healthy == [matrix["alone"]], "bit for bit"


def test_it_leaves_no_process_and_no_folder(case):
    _, seen = case
    assert seen.left == []


def test_it_ends_within_its_limit_and_two_seconds(case):
    _, seen = case
    limit = seen.record.limits.wall(seen.record.cell.budget)
    assert seen.record.usage.seconds_wall < limit + 2.0


@pytest.mark.parametrize("solver", [name for name in FAULTS if name.startswith("copy-")])
def test_a_copy_of_a_solver_says_nothing(matrix, solver):
    """What is scored, and when, is the original's alone."""
    record = matrix[solver].record
    assert 0.15 < record.curve[-1].seconds < BUDGET
    assert {look.error for look in record.curve} == {record.curve[0].error}
    times = [look.seconds for look in record.curve]
    assert times == sorted(times)


@pytest.mark.parametrize("solver", HANGS)
def test_a_hang_is_not_ended_early_either(matrix, solver):
    assert matrix[solver].record.usage.seconds_wall > LIMITS.wall(BUDGET)


def test_what_came_after_all_of_them_is_as_before(matrix):
    assert matrix["after"] == matrix["alone"]
    ran = sum(isinstance(seen, Observed) for seen in matrix.values())
    reading = matrix["store"].read_all()
    assert (len(reading.records), reading.unreadable) == (2 * ran + 2, []), "one record for each trial"
    assert list(Path(matrix["store"].folder).rglob(".*")) == []


def test_clocks_that_a_solver_stops_do_not_stop_the_clock_that_is_scored(matrix):
    seconds = [look.seconds for look in matrix["stop-clocks"].record.curve]
    assert len(seconds) > 5 and np.all(np.diff(seconds) >= 0) and seconds[-1] > 0.3


def test_every_solver_of_the_package_is_in_the_matrix(toy_plugin, faulty_plugin):
    from mfbench.trial import registry_of

    solvers = registry_of((toy_plugin, faulty_plugin)).solvers.values()
    names = {entry.name for entry in solvers if entry.run.startswith("faults.")}
    assert names - FAULTS.keys() == {"be-well", "fill-disk"}, "the last one has a disk of its own"
