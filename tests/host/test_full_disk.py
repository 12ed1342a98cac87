"""A small disk that fills up, and one that cannot be written: nothing finished is lost, and the same command carries on.

The disks are memory, mounted where no other process sees them (`unshare`); skipped where the system allows no such mount.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mfbench.record import Status
from mfbench.store import Store

PRIVATE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]


def mountable():
    try:
        done = subprocess.run(
            [*PRIVATE, "mount -t tmpfs none /mnt"], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not mountable(), reason="this system lets nobody mount a disk of his own")


@pytest.fixture
def shell(tmp_path):
    """Runs a script in which `$disk` is to be mounted; what is on the disk is copied to `copy` before it goes."""
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    copy.mkdir()

    def run(script):
        # A short place for sockets, which may not lie on the disk.
        places = os.environ | {"disk": str(disk), "copy": str(copy), "python": sys.executable}
        done = subprocess.run(
            [*PRIVATE, script],
            cwd=tmp_path,
            env=places,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    run.copy = copy
    return run


def command(toy_plugin, faulty_plugin, solvers, *more):
    chosen = " ".join(f"-s '{solver}'" for solver in solvers)
    plugins = f"--plugin {toy_plugin} --plugin {faulty_plugin}"
    return f'"$python" -m mfbench run {plugins} -p line {chosen} --budget 20s {" ".join(more)}'


def test_a_solver_that_fills_the_disk_costs_itself_alone(shell, toy_plugin, faulty_plugin):
    """It works on a disk of 16 MB, beside and before a healthy one."""
    call = command(toy_plugin, faulty_plugin, ["fill-disk", "be-well"], "--seeds 2 -o", "$copy/results")
    alone = command(toy_plugin, faulty_plugin, ["be-well"], "--seeds 2 -o", "$copy/alone")
    shell(f"""
        mount -t tmpfs -o size=16m none "$disk"
        {alone}
        TMPDIR="$disk" {call} || test $? = 1
        test -z "$(find "$disk" -name 'mfbench-scratch*')"
    """)
    store, other = Store(shell.copy / "results"), Store(shell.copy / "alone")
    records = {(record.cell.solver, record.cell.seed): record for record in store.read_all().records}
    assert len(records) == 4
    for seed in (0, 1):
        full = records["fill-disk", seed]
        assert (full.status, full.sentence) == (Status.ERROR, "OSError: [Errno 28] No space left on device")
        assert full.curve and "it strikes now" in full.stderr and "No space left" in full.stderr
    healthy = [record for record in other.read_all().records if record.cell.solver == "be-well"]
    assert len(healthy) == 2
    for record in healthy:
        beside = records["be-well", record.cell.seed]
        # Where the disk was full before it could start, it is no fault of its own, and it is run next time.
        assert beside.status is Status.OK or (
            beside.status is Status.INTERRUPTED and "No space left" in beside.sentence
        ), beside.sentence
        if beside.status is Status.OK:
            assert {name: array.tobytes() for name, array in store.arrays(beside).items()} == {
                name: array.tobytes() for name, array in other.arrays(record).items()
            }


ROOM = """
from pathlib import Path
from mfbench.journal import JournalWriter, Setup, read_journal
from mfbench.room import reserve

ours, other = Path("ours"), Path("other")
reserve(ours, 100_000)
assert ours.stat().st_size == 0
writers = [JournalWriter(path) for path in (ours, other)]
try:
    Path("everything").write_bytes(bytes(10**7))
except OSError:
    pass
for _ in range(1000):
    writers[0].append(Setup(seconds=1.0))
assert len(list(read_journal(ours))) == 1000
try:
    writers[1].append(Setup(seconds=1.0))
except OSError:
    print("the other one has no room")
try:
    reserve(Path("late"), 100_000)
except OSError as error:
    print(error.strerror)
"""


def test_a_journal_with_room_of_its_own_is_written_on_a_full_disk(shell, tmp_path):
    (tmp_path / "room.py").write_text(ROOM)
    done = shell('mount -t tmpfs -o size=1m none "$disk"; cd "$disk"; "$python" ../room.py')
    assert done.stdout == "the other one has no room\nNo space left on device\n"


def test_a_results_folder_on_a_full_disk_is_whole_and_carries_on(shell, toy_plugin, faulty_plugin):
    """Room for some of the records; then for all."""
    call = command(toy_plugin, faulty_plugin, ["relax[steps=3]"], "--seeds 12 --jobs 1 -o", "$disk/results")
    done = shell(f"""
        mount -t tmpfs -o size=128k,nr_inodes=30 none "$disk"
        {call} && exit 9
        test $? = 1
        cp -r "$disk/results" "$copy/full"
        mount -o remount,size=4m,nr_inodes=1000 "$disk"
        {call}
        cp -r "$disk/results" "$copy/whole"
    """)
    full, whole = Store(shell.copy / "full").read_all(), Store(shell.copy / "whole").read_all()
    assert (full.unreadable, whole.unreadable) == ([], [])
    assert 0 < len(full.records) < 12
    assert sorted(record.cell.seed for record in whole.records) == list(range(12))
    assert all(record.status is Status.OK for record in whole.records)
    kept = {record.key: record for record in full.records}
    assert {record.key: record for record in whole.records if record.key in kept} == kept, (
        "none was run again"
    )
    assert "No space left on device; what it holds is whole, and the same command carries on" in done.stderr
    assert f"{len(kept)} of 12 trials have their records already" in done.stdout
    assert not list((shell.copy / "full").rglob("*.part"))


def test_a_folder_that_can_only_be_read_is_ranked_and_not_written(shell, toy_plugin, faulty_plugin):
    call = command(toy_plugin, faulty_plugin, ["relax[steps=3]"], "-o", "$disk/results")
    done = shell(f"""
        mount -t tmpfs -o size=4m none "$disk"
        {call}
        mount -o remount,ro "$disk"
        {call} --rerun && exit 9
        test $? = 2
        "$python" -m mfbench rank "$disk/results"
    """)
    assert "Read-only file system; choose one that can be written to" in done.stderr
    assert done.stdout.count("relax") >= 2


@pytest.mark.parametrize("arguments", ["list", "show line", "run -p line --dry-run"])
def test_output_to_a_full_device_is_a_sentence(tmp_path, toy_plugin, arguments):
    """The device is the system's own; nothing is mounted."""
    done = subprocess.run(
        f"{sys.executable} -m mfbench {arguments} --plugin {toy_plugin} > /dev/full",
        shell=True, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "Error: [Errno 28] No space left on device\n")
