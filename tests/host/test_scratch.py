"""Scratch folders: private, gone with their host, and never taken from a host that lives."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mfbench.scratch import PREFIX, sweep

HOST = "import sys; from mfbench.scratch import scratch; print(scratch(), flush=True); sys.stdin.readline()"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Starts a process with a scratch folder, which ends when it is told to; returns both."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, tmp_path / process.stdout.readline().strip()

    yield start
    for process in started:
        process.communicate()


def test_a_folder_goes_with_its_host(host):
    process, folder = host()
    assert folder.name.startswith(PREFIX)
    assert folder.stat().st_mode & 0o777 == 0o700
    process.communicate("end\n")
    assert not folder.exists()


def test_a_killed_hosts_folder_is_removed_by_the_next_and_a_living_ones_is_not(host):
    (killed, lost), (_, kept) = host(), host()
    killed.kill()
    killed.wait()
    (lost / "points.npz").write_text("megabytes")
    _, fresh = host()
    assert not lost.exists()
    assert kept.exists() and fresh.exists()
    sweep()
    assert kept.exists() and fresh.exists()


def test_other_folders_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in (f"{PREFIX}being-made", "mfbench-results"):
        (tmp_path / name).mkdir()
    (tmp_path / "mfbench-results" / "held").write_text("")
    sweep()
    assert len(list(tmp_path.iterdir())) == 2
