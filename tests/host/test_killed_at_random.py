"""A host that is killed at any moment, again and again: nothing finished is lost, and nothing is done twice."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from mfbench.record import Status
from mfbench.store import Store

KILLS = 60
SEEDS = 1000
FIRST = 20
"""Trials that are finished in the longest time that a host is given."""
FINISHED = re.compile(rb"\[\d+/\d+\] committor/line relax seed (\d+): ")


@pytest.fixture
def host(tmp_path, toy_plugin):
    """Starts the same command, always with the same mark in its processes' environment."""
    scratch = Path(tempfile.mkdtemp(prefix="mf-"))  # short: a socket's path has 107 characters at most
    mark = {"MFBENCH_SLOTS": str(tmp_path / "slots"), "TMPDIR": str(scratch)}
    command = [
        sys.executable, "-m", "mfbench", "run", "--plugin", toy_plugin, "-p", "line",
        "-s", "relax[steps=3,pause=0.1]", "--seeds", str(SEEDS), "--budget", "20s", "-o", str(tmp_path / "results"),
    ]  # fmt: skip

    class Host:
        folder = tmp_path / "results"
        temporary = scratch

        def start(self):
            with (tmp_path / "said").open("wb") as said:
                return subprocess.Popen(command, env=os.environ | mark, stdout=said, stderr=subprocess.STDOUT)

        def said(self):
            return (tmp_path / "said").read_bytes()

        def left(self, seconds=10.0):
            """Processes with the mark that are still there after so many seconds."""
            deadline = time.monotonic() + seconds
            while (found := self._marked()) and time.monotonic() < deadline:
                time.sleep(0.02)
            return found

        def _marked(self):
            found = []
            for process in psutil.process_iter():
                try:
                    if process.environ().get("MFBENCH_SLOTS") == mark["MFBENCH_SLOTS"]:
                        found.append(process)
                except psutil.Error:
                    continue
            return found

    host = Host()
    yield host
    for process in host._marked():
        process.kill()
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.mark.slow
def test_a_host_is_killed_at_random_instants(host):
    """Instants are drawn uniformly from the time of a start and of the first trials; the seed is fixed."""
    instants, store, announced, before = random.Random(7), Store(host.folder), set(), {}
    longest = None
    for kill in range(KILLS):
        began, process = time.monotonic(), host.start()
        if longest is None:  # the first one shows how fast this machine is
            while len(FINISHED.findall(host.said())) < FIRST and process.poll() is None:
                time.sleep(0.02)
            longest = time.monotonic() - began
        else:
            time.sleep(instants.uniform(0.0, longest))
        assert process.poll() is None, f"it ended before kill {kill}: {host.said().decode()}"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert host.left() == [], f"kill {kill}"
        now = {int(seed) for seed in FINISHED.findall(host.said())}
        assert not announced & now, "done twice"
        announced |= now
        reading = store.read_all()
        assert reading.unreadable == [], f"kill {kill}"
        records = {record.cell.seed: record for record in reading.records}
        assert len(records) == len(reading.records)
        assert announced <= records.keys(), "finished and lost"
        assert {seed: records[seed] for seed in before} == before, "what was kept has changed"
        assert all(len(store.arrays(record)["looks"]) == 1001 for record in records.values())
        before = records
    assert len(before) > FIRST, "only the first one finished anything"
    time.sleep(2.0)  # a file that is younger than a second may be one that is being written
    process = host.start()
    assert process.wait() == 0, host.said().decode()
    assert host.left() == []
    records = {record.cell.seed: record for record in store.read_all().records}
    assert sorted(records) == list(range(SEEDS))
    assert {record.status for record in records.values()} == {Status.OK}
    assert {seed: records[seed] for seed in before} == before
    assert b"%d of %d trials have their records already" % (len(before), SEEDS) in host.said()
    assert list(host.folder.rglob(".*")) == [], "what was half written is swept"
    assert list(host.temporary.glob("mfbench-scratch-*")) == []
