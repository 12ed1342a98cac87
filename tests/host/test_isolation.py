"""Children that wait for an order, and children that say farewell."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest

from mfbench import child, fork_server, isolation
from mfbench.journal import read_journal
from mfbench.order import Order
from mfbench.points import write_points
from mfbench.tasks.judging import Inquiry


@pytest.fixture
def order(tmp_path, toy_plugin):
    """Makes the order of a trial that lasts so many seconds, in a folder of its own."""
    orders = iter(range(100))

    def make(seconds=0.2, limit=20.0):
        folder = tmp_path / str(next(orders))
        folder.mkdir()
        inquiry = Inquiry(
            looks=np.zeros((3, 1)), finals=np.zeros((2, 1)), gradients=np.zeros((1, 1)), step=1e-3
        )
        return Order(
            build="toy_plugin:build",
            run="toy_plugin:relax",
            problem_parameters={},
            solver_parameters={"steps": 2, "pause": seconds / 3},
            problem_type="toy_plugin:Line",
            solver_type="toy_plugin:Steps",
            problem_seed=0,
            solver_seed=0,
            plugins=(toy_plugin,),
            points=write_points(inquiry, folder / "points"),
            journal=str(folder / "journal"),
            folder=str(folder),
            device="cpu",
            cores=(0,),
            gpu=None,
            memory_mb=512,
            budget=limit,
            evaluation_cap=1.0,
            limit=limit,
        )

    return make


def ended(order):
    outcome = isolation.run_child(order, lambda: False)
    assert (outcome.exitcode, outcome.killed) == (0, "")
    return [block for block, _ in read_journal(Path(order.journal))]


def test_nobody_waits_where_no_more_is_expected(order):
    ended(order())
    assert isolation._spares == []


def test_the_child_that_waited_runs_the_next_trial(order):
    with isolation.expecting_more():
        ended(order())
        pid = isolation._spares[0].process.pid
        pids = []
        watcher = threading.Timer(0.1, lambda: pids.extend(isolation._running))
        watcher.start()
        ended(order())
        watcher.join()
        assert pids == [pid]
    assert isolation._spares == []


def test_a_spare_that_was_killed_is_replaced(order):
    with isolation.expecting_more():
        ended(order())
        (spare,) = isolation._spares
        isolation.kill_group(spare.process.pid)
        spare.process.join()
        blocks = ended(order())
    assert blocks, "the trial ran in another child"


def test_a_spare_of_a_lost_fork_server_is_replaced(order):
    """It still waits, but nobody would tell of its end."""
    with isolation.expecting_more():
        ended(order())
        waiting = psutil.Process(isolation._spares[0].process.pid)
        os.kill(fork_server.pid(), signal.SIGKILL)
        os.waitid(os.P_PID, fork_server.pid(), os.WEXITED | os.WNOWAIT)
        assert ended(order())
    assert not waiting.is_running() or waiting.status() == psutil.STATUS_ZOMBIE


def test_no_spare_outlives_those_who_expected_it(order, descendants):
    with isolation.expecting_more():
        ended(order())
        pid = isolation._spares[0].process.pid
        assert pid in [process.pid for process in descendants()]
    assert pid not in [process.pid for process in descendants()]


def test_who_says_farewell_and_stays_is_killed_beside_the_next_trial(order, monkeypatch):
    """The host goes on at once; soon it looks whether the process is gone, and that trial need not end first."""
    monkeypatch.setattr(isolation, "PATIENCE", 0.1)
    process = multiprocessing.get_context("forkserver").Process(target=time.sleep, args=(60.0,))
    process.start()
    pid = process.pid
    ours, _ = multiprocessing.Pipe()
    assert isolation._end(isolation.Handle(process, ours, left=True), kill=False) == 0
    trial = threading.Thread(target=ended, args=(order(seconds=3.0),))
    trial.start()
    while psutil.pid_exists(pid) and trial.is_alive():
        time.sleep(0.01)
    assert trial.is_alive(), "it is gone, and the trial goes on"
    trial.join()
    ended(order())
    assert process not in [left.process for left, _ in isolation._leaving]


def test_nothing_but_the_word_is_a_farewell():
    ours, theirs = multiprocessing.Pipe()
    handle = isolation.Handle(process=None, pipe=ours)
    theirs.send_bytes(b"x" * (len(child.FAREWELL) + 1))
    handle._listen()
    assert not handle.left and ours.closed


SAYING = """
import sys
import mfbench


def solve(problem, parameters, context):
    sys.stderr.write(str(hash("a text")))
    yield mfbench.Checkpoint(evaluate=lambda state, x: 0.0 * x[:, 0], state=0)
"""


@pytest.mark.parametrize("gpu", [None, "0"], ids=["forked", "spawned"])
def test_texts_have_one_hash_in_all_trials(order, tmp_path, gpu):
    """Else a solver that loops over a set of texts does another thing in every trial."""
    plugin = tmp_path / "saying_plugin.py"
    plugin.write_text(SAYING)
    asked = order()
    asked = msgspec.structs.replace(
        asked, run="saying_plugin:solve", plugins=(*asked.plugins, str(plugin)), gpu=gpu
    )
    before = os.environ.get("PYTHONHASHSEED")
    outcome = isolation.run_child(asked, lambda: False)
    assert os.environ.get("PYTHONHASHSEED") == before
    script = [sys.executable, "-c", "print(hash('a text'))"]
    said = subprocess.run(
        script, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True
    ).stdout
    assert outcome.stderr.strip() == said.strip()
