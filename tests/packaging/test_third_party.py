"""An outside package in a fresh environment beside mfbench: listed, run, ranked, and gone again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "third_party"
SOLVER = PACKAGE / "src" / "mfbench_logistic.py"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A virtual environment with mfbench, its core alone, and the outside package."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    call(folder, "pip", "install", "--quiet", ROOT, PACKAGE)
    return folder


def call(folder, program, *arguments, expected=0):
    """Run a program of the environment in its folder; returns what it printed."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "MFBENCH_RESULTS")
    variables = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [folder / "venv" / "bin" / program, *map(str, arguments)],
        cwd=folder, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_smallest_plugin_is_under_40_lines():
    assert len(SOLVER.read_text().splitlines()) < 60
    code = [line for line in SOLVER.read_text().splitlines() if line.strip()]
    assert len(code) < 40


def test_listed_run_ranked_and_gone(environment):
    assert "logistic" in listed(environment)
    printed = call(
        environment, "mfbench", "run", "-p", "committor/double-well", "-s", "logistic", "-s", "constant",
        "--budget", "5s", "-o", "results",
    )  # fmt: skip
    assert "wrmse" in printed
    rows = json.loads(call(environment, "mfbench", "rank", "results", "--format", "json"))
    assert {row["solver"]: row["status"] for row in rows} == {"logistic": "ok", "constant": "ok"}
    assert all(row["error"] > 0 and row["rank"] >= 1 for row in rows)
    call(environment, "pip", "uninstall", "--yes", "--quiet", "mfbench-logistic")
    assert "logistic" not in listed(environment)
    refused = call(environment, "mfbench", "run", "-p", "committor/double-well", "-s", "logistic", expected=2)
    assert "unknown solver 'logistic'" in refused


def listed(environment):
    """What `mfbench list` prints in the first column, names of solvers among it; wrapped text is indented."""
    return {line.split()[0] for line in call(environment, "mfbench", "list").splitlines() if line[:1].strip()}


def test_core_needs_no_framework_and_says_what_mends_it(environment):
    """Without torch and jax their solvers are listed with the command that installs them."""
    assert "missing" in call(environment, "mfbench", "list")
    for solver, extra in (("is-sgd", "jax"), ("is-sgd-torch", "torch"), ("finite-volume", "grid")):
        shown = call(environment, "mfbench", "show", solver)
        assert f"pip install 'mfbench[{extra}]'" in " ".join(shown.split())
    assert "formula" in call(environment, "mfbench", "show", "committor/double-well")
    plan = call(environment, "mfbench", "run", "-s", "is-sgd", "--dry-run", "-o", "nothing")
    assert "not installed" in plan
    assert not (environment / "nothing").exists()
