"""Trials elsewhere: what goes over the wire, what a worker refuses, and what becomes of the rest.

The engine is a pool of threads here: calls get documents and give documents, whatever carries them.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from mfbench import away, executors, placement, session
from mfbench.away import Away, bring_home, carry_out
from mfbench.placement import ExecutorEntry, identity
from mfbench.record import Limits, Spec, Status
from mfbench.registry import Origin, load_registry
from mfbench.request import BadRequest, Request
from mfbench.session import Todo
from mfbench.trial import run_trial


def document(spec, **changes):
    return msgspec.json.encode(msgspec.structs.replace(spec, **changes))


@pytest.fixture(scope="module")
def spec(plan_of):
    return plan_of(seeds=1).specs[0]


@pytest.fixture
def unused(monkeypatch):
    """Nothing may be run."""
    monkeypatch.setattr(away, "run_trial", None)


def run(plan, store, engine, watcher, stopping=lambda: False):
    return session.run(plan, Todo(specs=plan.specs), store, Away(engine), watcher, stopping)


def test_a_document_goes_and_a_document_and_arrays_come_back(spec):
    answer = carry_out(identity(), document(spec))
    assert [type(part) for part in answer] == [bytes, bytes]
    there, here = bring_home(spec, answer), run_trial(spec)
    assert there.record.status is Status.OK, there.record.sentence
    assert there.record.metrics == here.record.metrics
    assert there.record.code == here.record.code and there.record.code
    assert there.arrays.keys() == here.arrays.keys() >= {"looks", "finals"}
    for name, values in here.arrays.items():
        assert there.arrays[name].tobytes() == values.tobytes()


def test_a_failure_travels_as_a_record(plan_of, faulty_plugin, spec):
    failing = msgspec.structs.replace(spec.cell, solver="fail", solver_parameters={})
    files = (*spec.plugins, faulty_plugin)
    key = away.key_here(failing, load_registry(files), 1)
    failed = msgspec.structs.replace(spec, cell=failing, key=key, plugins=files)
    result = bring_home(failed, carry_out(identity(), document(failed)))
    assert result.record.status is Status.ERROR
    assert "the plug was pulled" in result.record.sentence


REFUSED = {
    "code": ({"key": "0" * 64}, "its code or the versions of its packages are not those of the host"),
    "plugin file": ({"plugins": ("/nowhere/plugin.py",)}, "there is no plugin file /nowhere/plugin.py"),
    "plugin": ({"plugins": ()}, "no 'committor/line' is installed"),
    "cores": ({"limits": Limits(threads=4096)}, "the trial wants 4096 cores; the worker may use"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_worker_refuses_what_it_cannot_run_under_the_hosts_key(spec, unused, case):
    changes, words = REFUSED[case]
    result = bring_home(spec, carry_out(identity(), document(spec, **changes)))
    assert result.record.status is Status.UNSUPPORTED, "not final: with the worker mended it is run"
    assert words in result.record.sentence
    assert result.record.key == spec.key


def test_a_framework_that_a_worker_lacks_is_named(spec, unused, monkeypatch):
    monkeypatch.setattr(
        away.availability, "missing", lambda *of: "jax not installed; run: pip install 'mfbench[jax]'"
    )
    assert carry_out(identity(), document(spec)).endswith(
        "jax not installed; run: pip install 'mfbench[jax]'"
    )


def test_another_mfbench_runs_nothing(spec, unused):
    assert "has mfbench " in carry_out("mfbench 9.9, protocol 9", document(spec))
    assert carry_out("mfbench 9.9, protocol 9", b"a document of another form") is not None


def test_a_daemonic_worker_says_what_to_do(monkeypatch):
    assert placement.unfit(identity()) is None
    monkeypatch.setattr(placement.multiprocessing, "current_process", lambda: type("P", (), {"daemon": True}))
    assert "DASK_DISTRIBUTED__WORKER__DAEMON=False or --no-nanny" in placement.unfit(identity())


def test_an_answer_is_that_of_its_trial(spec, plan_of):
    other = plan_of(seeds=2).specs[1]
    with pytest.raises(ValueError, match="expected that of"):
        bring_home(other, carry_out(identity(), document(spec)))


def test_pickled_objects_are_not_taken(spec):
    answer, _ = carry_out(identity(), document(spec))
    evil = away.io.BytesIO()
    np.savez(evil, looks=np.array([object()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        bring_home(spec, (answer, evil.getvalue())).arrays["looks"]


def test_a_session_elsewhere_leaves_the_records_of_one_here(plan_of, store, watcher, tmp_path):
    plan = plan_of()
    records = run(plan, store, ThreadPoolExecutor(2), watcher)
    assert {record.key for record in records} == {spec.key for spec in plan.specs}
    assert len(watcher.done) == 3
    for spec in plan.specs:
        here, kept = run_trial(spec), store.read(spec.cell, spec.key)
        assert kept.metrics == here.record.metrics and kept.metrics
        np.testing.assert_array_equal(store.arrays(kept)["looks"], here.arrays["looks"])


class Losing(ThreadPoolExecutor):
    """An engine that loses its second call, as one whose worker is gone."""

    calls = 0

    def submit(self, function, /, *arguments):
        self.calls += 1
        if self.calls != 2:
            return super().submit(function, *arguments)
        future = Future()
        future.set_exception(RuntimeError("worker is gone"))
        return future


def test_a_lost_trial_is_one_record_and_the_rest_go_on(plan_of, store, watcher):
    records = run(plan_of(), store, Losing(1), watcher)
    assert sorted(record.status for record in records) == [Status.CRASHED, Status.OK, Status.OK]
    lost = next(record for record in records if record.status is Status.CRASHED)
    assert lost.sentence == "lost by its executor: RuntimeError: worker is gone"
    assert len(store.read_all().records) == 3


class Cancelling(Executor):
    """An engine that cancels by itself, as dask does whose scheduler is gone."""

    def submit(self, function, /, *arguments):
        future = Future()
        future.cancel()
        return future


def test_what_an_engine_cancels_is_to_be_run_again(plan_of, store, watcher):
    records = run(plan_of(), store, Cancelling(), watcher)
    assert {record.status for record in records} == {Status.INTERRUPTED}
    assert "perhaps the scheduler is gone" in records[0].sentence
    assert session.exit_code(records) == 130


def test_a_host_that_stops_gives_up_what_is_queued_and_what_runs(plan_of, store, watcher):
    """Engines that cannot cancel a running call are left to themselves: nobody waits for them."""
    release, running, over = threading.Event(), threading.Event(), threading.Event()

    class Stuck(ThreadPoolExecutor):
        def submit(self, function, /, *arguments):
            return super().submit(lambda: (running.set(), release.wait(60), over.set()))

    try:
        records = run(plan_of(), store, Stuck(1), watcher, running.is_set)
        assert not over.is_set()
    finally:
        release.set()
    assert [(record.status, record.sentence) for record in records] == [
        (Status.INTERRUPTED, "interrupted with its host")
    ] * 3
    assert session.exit_code(records) == 130


def test_a_full_disk_gives_up_too(plan_of, store, watcher, monkeypatch):
    def full(record, arrays=None):
        raise OSError("No space left on device")

    calls = []

    class Counting(ThreadPoolExecutor):
        def submit(self, function, /, *arguments):
            return super().submit(lambda: (calls.append(1), time.sleep(0.3), function(*arguments))[2])

    monkeypatch.setattr(store, "write", full)
    with pytest.raises(OSError, match="No space left"):
        run(plan_of(seeds=20), store, Counting(1), watcher)
    assert len(calls) < 5


@pytest.fixture
def registry():
    registry = load_registry()
    registry.executors["pool"] = ExecutorEntry(name="pool", summary="", open="no_such_module:open")
    registry.origins["pool"] = Origin("pool", "pool.py")
    return registry


def test_local_is_the_default(registry):
    place = executors.choose(Request(), registry)
    with place.open(3) as pool:
        assert pool._max_workers == 3
    assert not place.entry.away


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"executor": "dsk"}, "unknown executor 'dsk'; did you mean dask"),
        ({"executor": "local", "scheduler": "tcp://a:1"}, "executor local: unknown parameter 'scheduler'"),
        ({"executor": "dask[timeout=soon]"}, "parameter 'timeout' got 'soon'; expected a number"),
        ({"executor": "dask[timeout=-1]"}, "expected seconds above zero"),
        ({"executor": "dask["}, "expected NAME or NAME"),
    ],
)
def test_an_executor_that_is_none_is_named(registry, request_, words):
    with pytest.raises(ValueError, match=r".") as caught:
        executors.choose(Request(**request_), registry)
    assert words in str(caught.value)


def test_an_engine_that_is_not_installed_says_what_mends_it(registry, monkeypatch):
    monkeypatch.setattr(executors.availability, "installed_version", lambda name: None)
    with pytest.raises(BadRequest, match=r"distributed not installed; run: pip install 'mfbench\[dask\]'"):
        executors.choose(Request(executor="dask"), registry)


def test_an_engine_that_cannot_be_opened_is_bad_input(registry):
    with pytest.raises(BadRequest, match="executor pool: No module named 'no_such_module'"):
        executors.choose(Request(executor="pool"), registry).open(1)


def test_elsewhere_neither_the_cores_nor_the_devices_of_the_host_count(plan_of):
    assert plan_of(cores=None, threads=4096).specs
    with pytest.raises(BadRequest, match="this process may use 2 cores"):
        plan_of(cores=2, threads=4096)


def test_a_spec_reaches_the_wire_as_it_is(spec):
    assert msgspec.json.decode(document(spec), type=Spec) == spec
