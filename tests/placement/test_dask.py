"""Trials on a real dask scheduler with two real workers on loopback: equal numbers, lost workers, interruptions."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

pytest.importorskip("distributed", reason="the extra `dask` is not installed")

from mfbench.executors import choose
from mfbench.identity import is_accounted_for
from mfbench.record import Status
from mfbench.registry import load_registry
from mfbench.request import BadRequest, Request
from mfbench.store import Store
from mfbench.trial import run_trial

SLOW = "seeded[steps=20,pause=0.05]"
ENDLESS = "seeded[steps=1000,pause=0.05]"

PATIENCE = 60.0
"""Seconds after which a test gives up waiting for something that must happen."""


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for {condition}"
        time.sleep(0.1)
    return found


class Cluster:
    """A scheduler and its workers, each a process group of its own."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.address = None
        self.settings = settings
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard", "--no-show")
        self.workers = []

    def _start(self, kind, *more, **settings):
        path = self.folder / "scheduler.json"
        command = [sys.executable, "-m", "dask", kind, "--host", "127.0.0.1", "--scheduler-file", path, *more]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env=os.environ | self.settings | settings, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        if kind == "scheduler":
            wait_until(path.exists)
            self.address = wait_until(lambda: self._read(path))["address"]
        return process

    @staticmethod
    def _read(path):
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(path.read_text())

    def grow(self, nanny="--no-nanny", **settings):
        """Start a worker of one thread and wait until it says that it is there."""
        log = self.folder / "log"
        before = log.read_text().count("Registered to:") if log.exists() else 0
        worker = self._start("worker", "--nthreads", "1", "--no-dashboard", nanny, **settings)
        wait_until(lambda: log.read_text().count("Registered to:") > before)
        self.workers.append(worker)
        return worker

    def running(self, *workers):
        """The processes of trials below workers: children of their fork servers."""
        found = []
        for worker in workers or self.workers:
            with contextlib.suppress(psutil.Error):
                below = psutil.Process(worker.pid).children(recursive=True)
                servers = {
                    process.pid
                    for process in below
                    if any("forkserver" in word for word in process.cmdline())
                }
                found += [process for process in below if process.ppid() in servers]
        return found

    def lose(self, worker, signal_=signal.SIGKILL):
        """End a worker."""
        os.kill(worker.pid, signal_)
        self.workers.remove(worker)
        worker.wait()

    def close(self):
        for process in [*self.workers, self.scheduler]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, own_slots):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.grow("--no-nanny")
        cluster.grow("--nanny", DASK_DISTRIBUTED__WORKER__DAEMON="False")
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def lonely_cluster(tmp_path):
    """A scheduler that forgives no lost worker, and has none."""
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    yield cluster
    cluster.close()


@pytest.fixture
def host(tmp_path, toy_plugin, seeded_plugin):
    """Starts `mfbench run` on a cluster; all of its output is on stdout."""

    def start(address, *more, solver="seeded", seeds=3, budget="5s"):
        command = [
            sys.executable, "-m", "mfbench", "run", "--plugin", toy_plugin, "--plugin", seeded_plugin, "-p", "line",
            "-s", solver, "--seeds", str(seeds), "--budget", budget, "-o", "results", *more,
            *(["--scheduler", address] if address else []), *(["--executor", "dask"] if not more else []),
        ]  # fmt: skip
        return subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    return start


def ended(process, expected):
    out, _ = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == expected, out
    return out


def records(tmp_path):
    reading = Store(tmp_path / "results").read_all()
    assert reading.unreadable == []
    return reading.records


def count(tmp_path, status):
    return sum(record.status is status for record in records(tmp_path))


def test_numbers_are_those_of_this_machine_bit_by_bit(cluster, host, plan_of, tmp_path, store):
    """Both kinds of worker take part: one under a nanny, one without."""
    suite = tmp_path / "suite.toml"
    suite.write_text(f'executor = "dask[timeout=9]"\nscheduler = "{cluster.address}"\n')
    out = ended(host(None, "suite.toml"), 0)
    assert "[3/3] committor/line seeded seed " in out
    for spec in plan_of().specs:
        here, there = run_trial(spec), store.read(spec.cell, spec.key)
        assert there.status is Status.OK, there.sentence
        assert (there.metrics, there.work, there.code) == (
            here.record.metrics,
            here.record.work,
            here.record.code,
        )
        arrays = store.arrays(there)
        assert arrays.keys() == here.arrays.keys()
        for name, values in here.arrays.items():
            assert arrays[name].tobytes() == values.tobytes(), name
        assert not np.all(arrays["looks"] == 0.5), "a walk that has gone somewhere"


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGTERM])
def test_a_trial_whose_worker_goes_is_run_by_another(cluster, host, tmp_path, signal_):
    """Killed, or told to leave by its batch system. The clock is that of the run that came to its end."""
    lost = cluster.workers[0]
    running = host(cluster.address, solver=SLOW, seeds=5)
    children = wait_until(lambda: cluster.running(lost))
    cluster.lose(lost, signal_)
    out = ended(running, 0)
    assert out.count("committor/line seeded seed ") == 5
    assert {record.cell.seed: record.status for record in records(tmp_path)} == dict.fromkeys(
        range(5), Status.OK
    )
    assert len(records(tmp_path)) == 5
    assert not any(child.is_running() for child in children), "what the lost worker had started is gone, too"
    cluster.grow()


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL])
def test_trials_end_with_their_host(cluster, host, tmp_path, signal_):
    """Interrupted: recorded. Killed: nobody goes on working for it."""
    running = host(cluster.address, solver=ENDLESS, seeds=4, budget="55s")
    wait_until(cluster.running)
    running.send_signal(signal_)
    out = ended(running, 130 if signal_ is signal.SIGINT else -signal.SIGKILL)
    wait_until(lambda: not cluster.running())
    if signal_ is signal.SIGINT:
        assert out.count("interrupted with its host") >= 4
        assert [record.status for record in records(tmp_path)] == [Status.INTERRUPTED] * 4
    else:
        assert records(tmp_path) == []


def test_a_worker_with_other_code_leaves_nothing_under_the_hosts_key(
    cluster, toy_plugin, seeded_plugin, tmp_path
):
    """It has read a plugin file that is another one by now; a result of it would bear a wrong key."""
    changing = tmp_path / "changing_plugin.py"
    text = Path(seeded_plugin).read_text().replace("seeded", "changing")
    command = [
        sys.executable, "-m", "mfbench", "run", "--plugin", toy_plugin, "--plugin", changing, "-p", "line",
        "-s", "changing", "--seeds", "4", "--budget", "5s", "-o", "results",
        "--executor", "dask", "--scheduler", cluster.address,
    ]  # fmt: skip

    def run(code):
        changing.write_text(code)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(text)
    assert count(tmp_path, Status.OK) == 4
    out = run(text.replace("0.5 * np", "0.4 * np"))
    assert "its code or the versions of its packages are not those of the host" in out
    assert count(tmp_path, Status.UNSUPPORTED) >= 1
    for record in records(tmp_path):
        assert record.status is Status.UNSUPPORTED or is_accounted_for(record)


def test_a_trial_that_loses_too_many_workers_is_one_record_and_a_lost_scheduler_ends_the_session(
    lonely_cluster, host, tmp_path
):
    """With dask's allowed-failures at 0 one lost worker is too many; what others have is not touched."""
    lost = lonely_cluster.grow()
    running = host(lonely_cluster.address, solver=SLOW, seeds=4)
    wait_until(lambda: lonely_cluster.running(lost))
    lonely_cluster.lose(lost)
    worker = lonely_cluster.grow()
    ended(running, 1)
    found = records(tmp_path)
    crashed = [record for record in found if record.status is Status.CRASHED]
    assert len(found) == 4
    assert 1 <= len(crashed) <= 2, "what ran there, and what was already sent there"
    assert all(record.sentence.startswith("lost by its executor: KilledWorker") for record in crashed)
    assert count(tmp_path, Status.OK) == 4 - len(crashed)
    running = host(lonely_cluster.address, solver=ENDLESS, seeds=2, budget="55s")
    wait_until(lambda: lonely_cluster.running(worker))
    lonely_cluster.scheduler.kill()
    assert "perhaps the scheduler is gone" in ended(running, 130)
    assert count(tmp_path, Status.INTERRUPTED) == 2


def test_daemonic_workers_are_refused_before_anything_is_run(cluster, host, tmp_path):
    daemonic = cluster.grow("--nanny", DASK_DISTRIBUTED__WORKER__DAEMON="True")
    out = ended(host(cluster.address), 2)
    cluster.lose(daemonic, signal.SIGTERM)
    assert (
        "daemonic and may not have children; start dask workers with DASK_DISTRIBUTED__WORKER__DAEMON=False"
        in out
    )
    assert records(tmp_path) == []


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "some where"])
def test_a_scheduler_that_does_not_answer_is_bad_input_and_said_soon(host, tmp_path, address):
    out = ended(host(address, "--executor", "dask[timeout=0.5]"), 2)
    assert f"no scheduler answers at '{address}'" in out
    assert records(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "scheduler: none given"),
        ({"scheduler": "tcp://127.0.0.1:9", "jobs": 2}, "jobs: got 2; the threads of"),
    ],
)
def test_what_dask_cannot_do_is_said(options, words):
    place = choose(Request(executor="dask", **options), load_registry())
    with pytest.raises(BadRequest, match=words):
        place.open(2)
