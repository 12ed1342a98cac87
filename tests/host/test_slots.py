"""Slots: no two holders of one, whoever they are; freed by any death; never half of what was asked for."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mfbench.slots import Interrupted, slots

HOLD = """
import os, sys, time
from mfbench.slots import slots
for turn in range(int(sys.argv[2])):
    with slots("test", [0, 1, 2], int(sys.argv[1]), lambda: False) as held:
        print(held, flush=True)
        marks = [open(f"mark-{number}", "x") for number in held]  # fails where another holds it
        time.sleep(float(sys.argv[3]))
        for number in held:
            os.unlink(f"mark-{number}")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MFBENCH_SLOTS", str(tmp_path / "slots"))
    return tmp_path


def never():
    return False


def hold(folder, count, turns=1, seconds=600.0):
    """Another process that holds so many of three slots."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(count), str(turns), str(seconds)],
        cwd=folder, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def open_locks(folder):
    """Descriptors of this process that lie in the folder of slots."""
    found = [os.path.realpath(number) for number in Path("/proc/self/fd").iterdir()]
    return [path for path in found if path.startswith(str(folder / "slots"))]


def test_processes_and_threads_never_share_a_slot(folder):
    """Four processes take one or two of three slots, again and again; each marks what it holds."""
    others = [hold(folder, count, turns=15, seconds=0.002) for count in (1, 2, 1, 2)]
    assert [other.wait(60) for other in others] == [0, 0, 0, 0]
    for other in others:
        other.stdout.close()


def test_threads_of_one_process_never_share_a_slot():
    held, clashes = set(), []

    def work():
        for _ in range(20):
            with slots("test", ["a", "b"], 1, never) as (name,):
                clashes.extend({name} & held)
                held.add(name)
                time.sleep(0.001)
                held.discard(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clashes == []


def test_a_holder_that_is_killed_frees_its_slots(folder):
    other = hold(folder, 3)
    other.stdout.readline()
    began = time.monotonic()
    killer = threading.Timer(0.3, other.send_signal, [signal.SIGKILL])
    killer.start()
    with slots("test", [0, 1, 2], 3, never) as held:
        assert held == [0, 1, 2]
        assert time.monotonic() - began >= 0.29, "not before it died"
    assert other.wait(10) == -signal.SIGKILL
    other.stdout.close()


def test_waiting_can_be_given_up_and_leaves_nothing(folder):
    with (
        slots("test", [0, 1, 2], 2, never),
        pytest.raises(Interrupted),
        slots("test", [0, 1, 2], 2, lambda: True),
    ):
        pass
    assert open_locks(folder) == []


def test_slots_are_freed_when_the_holder_raises(folder):
    with pytest.raises(RuntimeError), slots("test", [0], 1, never):
        assert len(open_locks(folder)) == 1
        raise RuntimeError
    assert open_locks(folder) == []
    with slots("test", [0], 1, never) as held:
        assert held == [0]


def test_a_failing_lock_leaves_no_other_behind(folder, monkeypatch):
    """A file system without locks is an error, not a slot lost until the host ends."""
    real, calls = fcntl.flock, []

    def flock(file, operation):
        calls.append(file)
        if len(calls) == 2:
            raise OSError("no locks here")
        real(file, operation)

    monkeypatch.setattr("mfbench.slots.fcntl.flock", flock)
    with pytest.raises(OSError, match="no locks here"), slots("test", [0, 1], 2, never):
        pass
    assert open_locks(folder) == []


def test_kinds_do_not_meet():
    with slots("core", [0], 1, never), slots("gpu", ["0"], 1, never) as held:
        assert held == ["0"]


def test_none_wanted_is_none_held(folder):
    with slots("gpu", [], 0, never) as held:
        assert held == []


def test_more_than_there_are_is_refused():
    with (
        pytest.raises(ValueError, match="3 core slots wanted; this process may use 2"),
        slots("core", [0, 1], 3, never),
    ):
        pass


def test_programs_that_a_holder_executes_do_not_hold_its_slots(folder):
    with slots("test", [0], 1, never):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    with slots("test", [0], 1, lambda: True) as held:
        assert held == [0]
    child.kill()
    child.wait()


def test_the_folder_is_private(folder):
    with slots("test", [0], 1, never):
        pass
    assert (folder / "slots").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in Path(folder / "slots").iterdir()] == ["test-0"]
