"""The host is killed, or its fork server: nothing goes on without it, and what was done is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from mfbench import fork_server, isolation
from mfbench.record import Cell, Limits, Spec, Status
from mfbench.store import Store
from mfbench.trial import run_trial

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="two trials at a time want two cores"
)

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

class Speaker:
    def started(self, progress): pass
    def finished(self, record): print(record.cell.solver, record.status, flush=True)

folder, solvers, *plugins = sys.argv[1:]
names = {"problems": (parse_selector("line"),), "solvers": tuple(map(parse_selector, solvers.split(",")))}
plan = make_plan(Request(**names, budget=5.0), load_registry(plugins), 2, tuple(plugins))
store = Store(Path(folder))
todo = session.split(plan, store)
print("to do:", *(spec.cell.solver for spec in todo.specs), flush=True)
session.run(plan, todo, store, ThreadPoolExecutor(2), Speaker(), lambda: False)
"""


@pytest.fixture
def family(tmp_path, toy_plugin, curious_plugin):
    """Starts hosts whose processes are all born with one mark in their environment; finds those that live."""

    class Family:
        folder = tmp_path / "results"
        scratch = Path(tempfile.mkdtemp(prefix="mf-"))  # short: a socket's path has 107 characters at most

        def __init__(self):
            self.hosts = []

        def start(self, solvers, stay):
            self.scratch.mkdir(exist_ok=True)
            mark = {"MFBENCH_SLOTS": str(tmp_path / "slots"), "TMPDIR": str(self.scratch)}
            if stay:
                tmp_path.joinpath("stay").mkdir(exist_ok=True)
                mark["CURIOUS_STAY"] = str(tmp_path / "stay")
            command = [sys.executable, "-c", HOST, str(self.folder), solvers, toy_plugin, curious_plugin]
            host = subprocess.Popen(command, env=os.environ | mark, stdout=subprocess.PIPE, text=True)
            self.hosts.append(host)
            return host

        def alive(self):
            found = []
            for process in psutil.process_iter():
                try:
                    if process.environ().get("MFBENCH_SLOTS") == str(tmp_path / "slots"):
                        found.append(process)
                except psutil.Error:  # gone, a zombie, or somebody else's
                    continue
            return found

        def settled(self):
            """When all are in place that the staying solvers start; their process numbers by name."""
            deadline = time.monotonic() + 30
            names = {"sit", "parent", "child", "daemon", "program"}
            while time.monotonic() < deadline:
                numbers = {path.name: path.read_text().strip() for path in (tmp_path / "stay").iterdir()}
                if names == {name for name, number in numbers.items() if number}:
                    return {name: int(number) for name, number in numbers.items()}
                time.sleep(0.05)
            raise TimeoutError(f"only {numbers} came")

        def left(self, seconds=5.0):
            """What is still alive after so many seconds."""
            deadline = time.monotonic() + seconds
            while (found := self.alive()) and time.monotonic() < deadline:
                time.sleep(0.05)
            return found

    family = Family()
    yield family
    for process in family.alive():
        process.kill()
    for host in family.hosts:
        host.communicate()


def test_killed_host_leaves_no_process_and_is_resumed(family):
    """Two trials run, one holds the interpreter's lock in C, one has children in other groups and sessions."""
    first = family.start("relax", stay=False)
    assert first.communicate(timeout=60)[0].splitlines() == ["to do: relax", "relax ok"]
    (kept,) = family.folder.rglob("*.json")
    before = kept.read_bytes()

    host = family.start("relax,sit,family", stay=True)
    assert host.stdout.readline() == "to do: sit family\n"
    numbers = family.settled()
    assert set(numbers.values()) <= {process.pid for process in family.alive()}
    host.kill()
    assert family.left() == []
    assert list(family.scratch.glob("mfbench-scratch-*")), "nobody was there to remove it"

    again = family.start("relax,sit,family", stay=False)
    lines = again.communicate(timeout=60)[0].splitlines()
    assert lines[0] == "to do: sit family"
    assert sorted(lines[1:]) == ["family ok", "sit ok"]
    assert kept.read_bytes() == before
    assert list(family.scratch.glob("mfbench-scratch-*")) == [], "the next host did"
    records = Store(family.folder).read_all().records
    assert {record.cell.solver: record.status for record in records} == dict.fromkeys(
        ["relax", "sit", "family"], Status.OK
    )
    assert family.left() == []


def test_a_host_that_is_terminated_leaves_no_process_either(family):
    """Without a handler SIGTERM ends a host at once, wherever it is."""
    host = family.start("sit,family", stay=True)
    family.settled()
    host.terminate()
    assert family.left() == []
    assert host.wait() == -signal.SIGTERM


def test_a_signal_to_the_hosts_group_does_not_reach_its_trials(family):
    """A terminal or a scheduler signals the whole group; what becomes of trials is the host's to decide."""
    host = family.start("sit,family", stay=True)
    numbers = family.settled()
    server = psutil.Process(numbers["sit"]).ppid()
    assert psutil.Process(numbers["parent"]).ppid() == server
    assert os.getpgid(host.pid) not in {os.getpgid(number) for number in (server, *numbers.values())}
    assert os.getsid(numbers["child"]) == numbers["parent"]
    assert len({os.getsid(number) for number in numbers.values()}) == 4, (
        "only the child stays with its parent"
    )
    host.kill()
    assert family.left() == []


def test_children_die_with_their_host_though_the_fork_server_does_nothing(family):
    """It is frozen here, as if it had been killed at the same moment: the kernel alone ends their groups."""
    host = family.start("sit,family", stay=True)
    numbers = family.settled()
    server = psutil.Process(psutil.Process(numbers["sit"]).ppid())
    server.suspend()
    host.kill()
    groups = [psutil.Process(numbers[name]) for name in ("sit", "parent", "child")]
    deadline = time.monotonic() + 5
    while any(process.status() != psutil.STATUS_ZOMBIE for process in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [process.status() for process in groups] == [psutil.STATUS_ZOMBIE] * 3, "nobody can bury them now"
    server.resume()
    assert family.left() == []


def test_a_killed_fork_server_costs_its_trials_this_run_and_no_others(
    toy_plugin, curious_plugin, faulty_plugin, descendants
):
    """The next trial starts another one, which keeps order as the first did.

    Nobody knows which of the trials beside each other did it, or whether memory was wanted: none of them is final.
    """
    plugins = (toy_plugin, curious_plugin, faulty_plugin)

    def spec(solver):
        cell = Cell(
            task="committor", problem="committor/line", problem_parameters={"temperature": 1.0}, solver=solver,
            solver_parameters={}, seed=0, device="cpu", budget=5.0,
        )  # fmt: skip
        return Spec(key=solver, cell=cell, limits=Limits(memory_mb=512), plugins=plugins)

    with ThreadPoolExecutor() as pool:
        beside = pool.submit(run_trial, spec("wait"))
        while not isolation._running:
            time.sleep(0.01)
        killed = run_trial(spec("matricide")).record
        for record in (killed, beside.result().record):
            assert record.status is Status.INTERRUPTED, record.sentence
            assert record.sentence == "the fork server was killed while it ran, and it with that"
    assert killed.curve, "what was seen is kept"
    assert run_trial(spec("relax")).record.status is Status.OK
    assert run_trial(spec("daemon")).record.sentence.endswith("exit code 3 before the trial ended")
    assert [process for process in descendants() if process.ppid() != os.getpid()] == []


def test_a_stopped_fork_server_goes_on(toy_plugin, curious_plugin):
    """Its host waited for ever: for the word that a child has ended, or for the next child."""

    def run(solver):
        cell = Cell(
            task="committor", problem="committor/line", problem_parameters={"temperature": 1.0}, solver=solver,
            solver_parameters={}, seed=0, device="cpu", budget=60.0,
        )  # fmt: skip
        return run_trial(
            Spec(key=solver, cell=cell, limits=Limits(memory_mb=512), plugins=(toy_plugin, curious_plugin))
        ).record

    began = time.monotonic()
    assert run("lullaby").sentence.endswith("exit code 3 before the trial ended")
    psutil.Process(fork_server.pid()).suspend()
    assert run("relax").status is Status.OK
    assert time.monotonic() - began < 30.0
