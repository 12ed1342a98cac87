"""Sessions: every trial leaves a record, the same again runs what is missing, nothing good is lost."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from mfbench import fork_server, session
from mfbench.names import parse_selector
from mfbench.plan import make_plan
from mfbench.record import Status
from mfbench.registry import load_registry
from mfbench.request import Request
from mfbench.session import exit_code, split
from mfbench.store import Store, decode_record
from mfbench.trial import Result, blank
from mfbench.views import plan_text


class Watcher:
    """Remembers what it was told."""

    def __init__(self):
        self.done = []

    def started(self, progress):
        pass

    def finished(self, record):
        self.done.append(record)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def plan(toy_plugin):
    registry = load_registry([toy_plugin])
    names = {
        "problems": (parse_selector("line"),),
        "solvers": (parse_selector("relax"), parse_selector("picky")),
    }
    return make_plan(Request(**names, seeds=4, budget=5.0), registry, 2, (toy_plugin,))


@pytest.fixture
def trials(monkeypatch):
    """Trials without processes: each ends as `trials.ends` says for its seed, ok if it says nothing."""

    class Trials:
        ran: list
        ends: dict

        def __init__(self):
            self.ran, self.ends = [], {}

        def __call__(self, spec, stopping, started):
            if stopping():
                return Result(blank(spec, "", Status.INTERRUPTED, "interrupted before it started"))
            self.ran.append(spec.cell.seed)
            end = self.ends.get(spec.cell.seed, Status.OK)
            if isinstance(end, Exception):
                raise end
            return Result(
                blank(spec, "", end, f"run {len(self.ran)}"), {"looks": np.full(3, float(len(self.ran)))}
            )

    trials = Trials()
    monkeypatch.setattr(session, "run_trial", trials)
    monkeypatch.setattr(fork_server, "start", lambda frameworks: None)
    return trials


def never():
    return False


def run(plan, store, stopping=never, watcher=None, jobs=1, executor=None, **options):
    executor = executor or ThreadPoolExecutor(jobs)
    return session.run(plan, split(plan, store, **options), store, executor, watcher or Watcher(), stopping)


def statuses(store):
    return {
        record.cell.seed: record.status
        for record in store.read_all().records
        if record.cell.solver == "relax"
    }


def test_every_trial_that_was_asked_for_has_a_record(plan, store, trials):
    watcher = Watcher()
    records = run(plan, store, watcher=watcher)
    assert len(records) == len(plan.specs) + len(plan.unsupported) == 8
    kept = store.read_all()
    assert kept.unreadable == []
    assert {record.key for record in kept.records} == {spec.key for spec in plan.specs} | {
        spec.key for spec, _ in plan.unsupported
    }
    assert sorted(record.cell.seed for record in watcher.done) == [0, 1, 2, 3]
    assert {record.sentence for record in records if record.status is Status.UNSUPPORTED} == {
        "needs d >= 2; this is a line"
    }
    assert exit_code(records) == 0


def test_the_same_again_runs_nothing(plan, store, trials):
    first = run(plan, store)
    again = run(plan, store)
    assert sorted(trials.ran) == [0, 1, 2, 3]
    assert {record.key for record in again} == {record.key for record in first}


def test_only_what_is_missing_is_run(plan, store, trials):
    run(plan, store)
    missing = next(spec for spec in plan.specs if spec.cell.seed == 2)
    store.path(missing.cell, missing.key).unlink()
    torn = next(spec for spec in plan.specs if spec.cell.seed == 1)
    store.path(torn.cell, torn.key).write_text("{")
    trials.ran.clear()
    run(plan, store)
    assert sorted(trials.ran) == [1, 2]


def test_what_is_broken_is_named_and_run_again(plan, store, trials):
    """Torn, or the record of another trial under this one's name."""
    run(plan, store)
    torn, other, whole = (store.path(spec.cell, spec.key) for spec in plan.specs[:3])
    torn.write_bytes(torn.read_bytes()[:50])
    other.write_bytes(whole.read_bytes())
    todo = split(plan, store)
    assert [path for path, _ in todo.broken] == [torn, other]
    assert (
        todo.broken[1][1] == f"it is the record of the key {plan.specs[2].key}; expected {plan.specs[1].key}."
    )
    assert [spec.cell.seed for spec in todo.specs] == [0, 1]
    run(plan, store)
    assert split(plan, store).broken == []
    assert set(statuses(store)) == {0, 1, 2, 3}


def test_a_record_that_tells_of_another_cell_is_broken(plan, store, trials):
    """Edited by hand: it bears the key that is looked for, and another solver, seed and budget."""
    run(plan, store)
    path = store.path(plan.specs[0].cell, plan.specs[0].key)
    record = decode_record(path)
    cell = msgspec.structs.replace(record.cell, solver="after", seed=7, budget=60.0)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, cell=cell)))
    todo = split(plan, store)
    said = "it was changed: its key is that of solver 'relax' and not 'after', seed 0 and not 7, budget"
    assert [(where, reason.startswith(said)) for where, reason in todo.broken] == [(path, True)]
    trials.ran.clear()
    records = run(plan, store)
    assert trials.ran == [0]
    assert {one.cell.solver for one in records} == {spec.cell.solver for spec in plan.specs} | {"picky"}


def test_what_another_host_has_finished_meanwhile_stands(plan, store, trials):
    """Both were started before either had finished; the later one's timeout is no news."""
    todo = split(plan, store)
    run(plan, store)
    before = {path: path.read_bytes() for path in store.folder.rglob("*-*") if "relax" in str(path)}
    trials.ends = dict.fromkeys(range(4), Status.TIMEOUT)
    watcher = Watcher()
    records = session.run(plan, todo, store, ThreadPoolExecutor(1), watcher, never)
    assert {path: path.read_bytes() for path in before} == before
    assert {record.status for record in watcher.done} == {Status.OK}
    assert exit_code(records) == 0


def test_what_is_unsupported_here_and_was_finished_elsewhere_stands(plan, store, trials, toy_plugin):
    """A host without a GPU asks for what one with a GPU has run; so does a later one, if the solver changed its mind."""
    run(plan, store)
    before = {path: path.read_bytes() for path in store.folder.rglob("*-*") if "relax" in str(path)}
    here = dataclasses.replace(
        plan, specs=[], unsupported=[*plan.unsupported, *((spec, "not today") for spec in plan.specs)]
    )
    todo = split(here, store)
    assert {record.status for record in todo.kept} == {Status.OK}
    for options in ({}, {"rerun": True}, {"retry_failed": True}):
        records = run(here, store, **options)
        assert {path: path.read_bytes() for path in before} == before
        assert {path.suffix for path in before} == {".json", ".npz"}
        assert sorted(record.status for record in records) == [*[Status.OK] * 4, *[Status.UNSUPPORTED] * 4]
    text = " ".join(plan_text(here, todo, load_registry([toy_plugin])).split())
    assert "not today" in text
    assert "4 of 8 trials that are unsupported here have the record of an earlier run" in text


@pytest.mark.parametrize("status", [status for status in Status if status.final and status is not Status.OK])
def test_failures_are_final_until_they_are_to_be_retried(plan, store, trials, status):
    trials.ends = {1: status}
    records = run(plan, store)
    assert exit_code(records) == int(status.alarming)
    trials.ran.clear()
    assert exit_code(run(plan, store)) == int(status.alarming), "kept failures count"
    assert trials.ran == []
    trials.ends = {}
    assert exit_code(run(plan, store, retry_failed=True)) == 0
    assert trials.ran == [1]
    assert set(statuses(store).values()) == {Status.OK}


def test_rerun_runs_all(plan, store, trials):
    run(plan, store)
    run(plan, store, rerun=True)
    assert sorted(trials.ran) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len(store.read_all().records) == 8


class Stopper(Watcher):
    """Stops the session after so many trials."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def __call__(self):
        return len(self.done) >= self.after


class Inline(Executor):
    """Runs a trial when its result is asked for; as_completed gives them one by one."""

    def submit(self, function, /, *arguments):
        future = Future()
        original = future.result

        def result(timeout=None):
            if not future.done():
                future.set_result(function(*arguments))
            return original()

        future.result = result
        return future


def test_an_interrupted_session_goes_on_where_it_was(plan, store, trials, monkeypatch):
    monkeypatch.setattr(session, "as_completed", list)
    stopper = Stopper(after=2)
    records = run(plan, store, stopping=stopper, watcher=stopper, executor=Inline())
    assert exit_code(records) == 130
    assert statuses(store) == {0: Status.OK, 1: Status.OK, 2: Status.INTERRUPTED, 3: Status.INTERRUPTED}
    assert exit_code(run(plan, store)) == 0
    assert trials.ran == [0, 1, 2, 3]
    assert set(statuses(store).values()) == {Status.OK}


@pytest.mark.parametrize("options", [{"rerun": True}, {"retry_failed": True}])
def test_an_interrupted_repetition_keeps_what_there_was(plan, store, trials, options):
    trials.ends = {3: Status.TIMEOUT}
    run(plan, store)
    before = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    records = run(plan, store, stopping=lambda: True, **options)
    assert exit_code(records) == 130
    after = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    assert {path.suffix for path in after} == {".json", ".npz"}
    unsupported = {path for path in after if b"unsupported" in after[path]}
    assert {path: after[path] for path in after.keys() - unsupported} == {
        path: before[path] for path in before.keys() - unsupported
    }


def test_a_full_disk_ends_the_session_at_once(plan, store, trials, monkeypatch):
    """What cannot be kept need not be run: hours of it, perhaps."""

    def waiting(spec, stopping, started):
        deadline = time.monotonic() + 5
        while spec.cell.seed > 0 and not stopping() and time.monotonic() < deadline:
            time.sleep(0.01)
        return trials(spec, stopping, started)

    def full(record, arrays=None):
        if record.status is not Status.UNSUPPORTED:
            raise OSError("No space left on device")

    monkeypatch.setattr(session, "run_trial", waiting)
    monkeypatch.setattr(store, "write", full)
    with pytest.raises(OSError, match="No space left"):
        run(plan, store, jobs=2)
    assert trials.ran == [0]


def test_an_observer_that_fails_ends_the_session_too(plan, store, trials):
    class Broken(Watcher):
        def finished(self, record):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(plan, store, watcher=Broken())
    assert Status.OK in statuses(store).values(), "the record of the trial that was reported is kept"


def test_a_trial_that_its_executor_loses_is_a_record(plan, store, trials):
    """A worker of a cluster may vanish with its trial."""
    trials.ends = {1: RuntimeError("worker is gone")}
    records = run(plan, store, jobs=2)
    lost = next(record for record in records if record.status is Status.CRASHED)
    assert lost.sentence == "lost by its executor: RuntimeError: worker is gone"
    assert list(statuses(store).values()).count(Status.OK) == 3
    assert exit_code(records) == 1


def test_exit_codes(plan):
    def code(*found):
        return exit_code([blank(plan.specs[0], "", status, "") for status in found])

    assert code() == 0
    assert code(Status.OK, Status.TIMEOUT, Status.DIVERGED, Status.UNSUPPORTED) == 0
    assert [code(Status.OK, bad) for bad in (Status.CRASHED, Status.ERROR, Status.OUT_OF_MEMORY)] == [1, 1, 1]
    assert code(Status.CRASHED, Status.INTERRUPTED) == 130


HOST = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from mfbench import session
from mfbench.names import parse_selector
from mfbench.plan import make_plan
from mfbench.registry import load_registry
from mfbench.request import Request
from mfbench.store import Store

class Quiet:
    def started(self, progress): pass
    def finished(self, record): print(record.cell.seed, flush=True)

plugin, folder, solver, seeds = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
names = {"problems": (parse_selector("line"),), "solvers": (parse_selector(solver),)}
plan = make_plan(Request(**names, seeds=seeds, budget=5.0), load_registry([plugin]), 2, (plugin,))
store = Store(folder)
records = session.run(plan, session.split(plan, store), store, ThreadPoolExecutor(2), Quiet(), lambda: False)
sys.exit(session.exit_code(records))
"""


def test_two_hosts_on_one_folder(toy_plugin, store):
    """Both finish; every record is whole, with values that belong to it."""
    command = [sys.executable, "-c", HOST, toy_plugin, str(store.folder), "relax[steps=9]", "4"]
    hosts = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    for host in hosts:
        host.communicate(timeout=60)
    assert [host.returncode for host in hosts] == [0, 0]
    reading = store.read_all()
    assert reading.unreadable == []
    assert sorted(record.cell.seed for record in reading.records) == [0, 1, 2, 3]
    for record in reading.records:
        assert record.status is Status.OK
        assert store.arrays(record)["looks"].shape == (1001,)
    assert list(store.folder.rglob("*.part")) == []
