"""Code that is edited and brought back: `rank` shows the records that `run` shows."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import mfbench


def solve(problem, parameters, context):
    yield mfbench.Checkpoint(evaluate=lambda state, x: 0.0 * x[:, 0] + LEVEL, state=0)


@mfbench.hookimpl
def mfbench_solvers():
    return [mfbench.SolverEntry(name="flat", task="committor", summary="x.", source="none", run="changing:solve")]
"""


def table(folder, *arguments):
    """The line of the solver in the tables that a command prints, without its rank's neighbours."""
    command = [sys.executable, "-m", "mfbench", *arguments, "--plugin", "changing.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(
        line.rstrip()
        for line in done.stdout.splitlines()
        if " flat " in line and line.rstrip().endswith("ok")
    )


def test_code_that_is_brought_back_brings_its_records_back(tmp_path, toy_plugin):
    run = ("run", "--plugin", toy_plugin, "-p", "line", "-s", "flat", "--seeds", "1", "--budget", "5s")
    shown = []
    for level in ("0.5", "0.9", "0.5"):
        (tmp_path / "changing.py").write_text(CODE.replace("LEVEL", level))
        shown.append(table(tmp_path, *run))
        assert table(tmp_path, "rank", "--plugin", toy_plugin) == shown[-1]
    assert shown[0] == shown[2] != shown[1]
    assert len([*tmp_path.rglob("0-*.json")]) == 2
