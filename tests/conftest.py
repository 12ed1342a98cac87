"""What every test shares: one thread per library, own slots, plugin files of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import psutil
import pytest

PLUGINS = Path(__file__).parent / "plugins"


# The same examples in every run, however busy the machine is.
hypothesis.settings.register_profile("tests", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("tests")


def pytest_configure():
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


@pytest.fixture
def mfbench(tmp_path):
    """The command, run in a folder of the test's own: its output and its errors."""

    def call(*arguments, expected=0):
        done = subprocess.run(
            [sys.executable, "-m", "mfbench", *map(str, arguments)],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout, done.stderr

    return call


@pytest.fixture(scope="session", autouse=True)
def own_slots(tmp_path_factory):
    """Trials of the tests do not wait for trials of other hosts."""
    os.environ["MFBENCH_SLOTS"] = str(tmp_path_factory.mktemp("slots"))


@pytest.fixture(scope="module")
def double_precision():
    """jax computes in float64 while a module's tests run."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(scope="session")
def toy_plugin():
    return str(PLUGINS / "toy_plugin.py")


@pytest.fixture(scope="session")
def faulty_plugin():
    return str(PLUGINS / "faulty_plugin.py")


@pytest.fixture(scope="session")
def curious_plugin():
    return str(PLUGINS / "curious_plugin.py")


@pytest.fixture(scope="session")
def descendants(own_slots):
    """Finds every process that this one started, or that those started, wherever they have moved.

    They all were born with this session's `MFBENCH_SLOTS` in their environment.
    """
    mark = os.environ["MFBENCH_SLOTS"]

    def find():
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("MFBENCH_SLOTS") == mark and process.pid != os.getpid():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    return find
