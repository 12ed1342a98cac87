"""Code that is edited and brought back: `rank` shows the records that `run` shows."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import dataclasses
import mfbench


@dataclasses.dataclass(frozen=True)
class Parameters:
    steps: int = 8

    def level(self):
        return LEVEL


def solve(problem, parameters, context):
    yield mfbench.Checkpoint(evaluate=lambda state, x: 0.0 * x[:, 0] + state, state=parameters.level())


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="flat", task="committor", summary="x.", source="none", run="changing:solve", parameters=Parameters
        )
    ]
"""
"""What is edited is a method of the parameters, which `solve` does not name."""


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
