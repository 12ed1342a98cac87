"""The command line as users meet it: exit codes, messages, resuming, interrupting, formats."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

ROW_KEYS = {
    "task",
    "problem",
    "solver",
    "parameters",
    "status",
    "trials",
    "metric",
    "error",
    "error_low",
    "error_high",
    "seconds_setup",
    "seconds_solve",
    "seconds_to_target",
    "work",
    "peak_memory_mb",
    "rank",
}
CODE_FOR_HELP = """
import sys
from mfbench.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
heavy = {"numpy", "torch", "jax", "scipy", "pandas", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""


def toy(plugin, *more):
    return ("run", "--plugin", plugin, "-p", "committor/line", "-s", "relax", "--budget", "5s", *more)


def test_help_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", CODE_FOR_HELP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Rank solvers" in done.stdout


def test_same_command_again_runs_only_what_is_missing(mfbench, toy_plugin, tmp_path):
    out, _ = mfbench(*toy(toy_plugin, "--seeds", "1"))
    assert "[1/1] committor/line relax seed 0" in out
    out, _ = mfbench(*toy(toy_plugin, "--seeds", "3"))
    assert "1 of 3 trials have their records already" in out
    assert "[2/2]" in out
    out, _ = mfbench(*toy(toy_plugin, "--seeds", "3"))
    assert "3 of 3 trials have their records already" in out
    assert "[1/" not in out
    assert len(list((tmp_path / "mfbench-results").rglob("*.json"))) == 3


def test_other_code_or_budget_is_another_trial(mfbench, toy_plugin, tmp_path):
    mfbench(*toy(toy_plugin, "--seeds", "1"))
    mfbench(
        "run", "--plugin", toy_plugin, "-p", "line", "-s", "relax[steps=7]", "--budget", "5s", "--seeds", "1"
    )
    mfbench("run", "--plugin", toy_plugin, "-p", "line", "-s", "relax", "--budget", "6s", "--seeds", "1")
    assert len(list((tmp_path / "mfbench-results").rglob("*.json"))) == 3


def test_dry_run_writes_nothing(mfbench, toy_plugin, tmp_path):
    out, _ = mfbench(*toy(toy_plugin, "--dry-run"))
    assert "1 trial" in out
    assert not (tmp_path / "mfbench-results").exists()


def test_exit_code_1_and_retry_failed(mfbench, toy_plugin, faulty_plugin):
    command = (
        "run", "--plugin", toy_plugin, "--plugin", faulty_plugin, "-p", "line", "-s", "fail", "-s", "relax",
        "--budget", "5s",
    )  # fmt: skip
    out, _ = mfbench(*command, expected=1)
    assert "the plug was pulled" in out
    out, _ = mfbench(*command, expected=1)
    assert "[1/" not in out
    out, _ = mfbench(*command, "--retry-failed", expected=1)
    assert "[1/1] committor/line fail" in out
    out, _ = mfbench(*command, "--rerun", expected=1)
    assert "[2/2]" in out


BAD = {
    "unknown problem": (("-p", "committor/lime", "-s", "relax"), "did you mean committor/line"),
    "unknown solver": (("-p", "line", "-s", "relaxx"), "did you mean relax"),
    "unknown parameter": (("-p", "line[temprature=1]", "-s", "relax"), "unknown parameter 'temprature'"),
    "wrong type": (("-p", "line[temperature=hot]", "-s", "relax"), "expected a number"),
    "refused value": (("-p", "line[temperature=-1]", "-s", "relax"), "expected a number > 0"),
    "brackets": (("-p", "line[temperature=1", "-s", "relax"), "expected NAME or NAME[key=value"),
    "budget": (("-p", "line", "-s", "relax", "--budget", "soon"), "expected a duration above zero"),
    "problem in capitals": (("-p", "Line", "-s", "relax"), "did you mean committor/line"),
    "solver in capitals": (("-p", "line", "-s", "IS-SGD"), "did you mean is-sgd"),
    "negative budget": (("-p", "line", "-s", "relax", "--budget", "-1s"), "budget: got '-1s'"),
    "budget as a float": (("-p", "line", "-s", "relax", "--budget", "1e9s"), "budget: got '1e9s'"),
    "budget of centuries": (("-p", "line", "-s", "relax", "--budget", "1000000h"), "expected at most"),
    "too many seeds": (("-p", "line", "-s", "relax", "--seeds", "100000000000"), "seeds: got 100000000000"),
    "memory": (("-p", "line", "-s", "relax", "--memory", "9999999999999999"), "memory: got 9999999999999999"),
    "jobs": (("-p", "line", "-s", "relax", "--jobs", "0"), "jobs: got 0; expected a whole number >= 1"),
    "seeds": (("-p", "line", "-s", "relax", "--seeds", "0"), "expected a whole number >= 1"),
    "device": (("-p", "line", "-s", "relax", "--device", "tpu"), "expected one of auto, cpu, cuda"),
    "preset": (("-p", "line", "-s", "relax", "--preset", "fast"), "expected one of quick, standard, full"),
    "threads": (("-p", "line", "-s", "relax", "--threads", "4096"), "this process may use"),
    "nothing": ((), "nothing to run"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_2_and_writes_nothing(mfbench, toy_plugin, tmp_path, case):
    arguments, words = BAD[case]
    _, err = mfbench("run", "--plugin", toy_plugin, *arguments, expected=2)
    assert words in err
    assert list(tmp_path.iterdir()) == []


SUITE = """
preset = "quick"
seeds = 2
budget = "5s"
problem = [{name = "committor/line", parameters = {temperature = [1.0, 2.0]}}]
solver = [{name = "relax", parameters = {steps = [3, 4]}}]
output = "from-suite"
"""


def test_suite_sweeps_its_grids(mfbench, toy_plugin, tmp_path):
    (tmp_path / "suite.toml").write_text(SUITE)
    out, _ = mfbench("run", "suite.toml", "--plugin", toy_plugin, "--seeds", "1")
    assert "[4/4]" in out
    assert len(list((tmp_path / "from-suite").rglob("*.json"))) == 4


BAD_SUITES = {
    "unknown key": ("sedes = 3", "sedes"),
    "wrong type": ('seeds = "three"', "Expected `int"),
    "bad budget": ('budget = "soon"', "expected a duration"),
    "not toml": ("seeds = = 3", "suite.toml"),
    "unknown key in a table": ('problem = [{nam = "line"}]', "nam"),
    "unknown problem": ('all = true\nproblem = ["lime"]', "did you mean committor/line"),
    "unknown solver": ('problem = ["line"]\nsolver = ["relaxx"]', "did you mean relax"),
    "unknown parameter": ('problem = ["line[dim=2]"]', "unknown parameter 'dim'; it has: temperature"),
    "wrong type of a parameter": (
        '[[solver]]\nname = "relax"\nparameters = {steps = [3, "many"]}',
        "parameter 'steps' got 'many'; expected a whole number",
    ),
    "another task": ('problem = ["ring"]\nsolver = ["relax"]', "no chosen problem is of its task"),
    "threads": ("all = true\nthreads = 4096", "this process may use"),
}


@pytest.mark.parametrize("case", BAD_SUITES)
def test_bad_suite_is_2(mfbench, toy_plugin, tmp_path, case):
    text, words = BAD_SUITES[case]
    (tmp_path / "suite.toml").write_text(text)
    _, err = mfbench("run", "suite.toml", "--plugin", toy_plugin, expected=2)
    assert words in err
    assert err.startswith("Error: suite.toml: ")
    assert [path.name for path in tmp_path.iterdir()] == ["suite.toml"]


def test_a_name_on_the_command_line_is_not_the_suites(mfbench, toy_plugin, tmp_path):
    (tmp_path / "suite.toml").write_text('problem = ["line"]')
    _, err = mfbench("run", "suite.toml", "--plugin", toy_plugin, "-s", "relaxx", expected=2)
    assert err.startswith("Error: unknown solver 'relaxx'; did you mean relax")


def test_rank_formats_hold_the_same_rows(mfbench, toy_plugin):
    mfbench(*toy(toy_plugin, "-s", "picky"))
    rows = json.loads(mfbench("rank", "--format", "json")[0])
    assert {row["solver"] for row in rows} == {"relax", "picky"}
    assert all(row.keys() >= ROW_KEYS for row in rows)
    table = list(csv.DictReader(io.StringIO(mfbench("rank", "--format", "csv")[0])))
    assert [row["solver"] for row in table] == [row["solver"] for row in rows]
    for style in ("rich", "markdown", "latex"):
        assert "relax" in mfbench("rank", "--format", style)[0]


def test_rank_of_nothing_is_2(mfbench, tmp_path):
    assert "no such folder" in mfbench("rank", "nowhere", expected=2)[1]
    (tmp_path / "empty").mkdir()
    for style in ("rich", "json"):
        out, err = mfbench("rank", "empty", "--format", style, expected=2)
        assert out == ""
        assert "no records in empty; expected JSON documents below records/ there" in err


def test_rank_names_what_it_cannot_read_and_ranks_the_rest(mfbench, toy_plugin, tmp_path):
    mfbench(*toy(toy_plugin, "--seeds", "2", "-o", "results"))
    whole, torn = sorted((tmp_path / "results").rglob("*.json"))
    foreign = json.loads(torn.read_text())
    foreign["cell"]["solver"] = "[bold]\x1b[31mme"
    torn.with_name("foreign.json").write_text(json.dumps(foreign))
    torn.with_name("\x1b[2Jother.json").write_text("[1, 2]")
    torn.write_bytes(torn.read_bytes()[:-200])
    out, err = mfbench("rank", "results", "--format", "json")
    assert [(row["solver"], row["trials"]) for row in json.loads(out)] == [("relax", 1)]
    assert len(err.splitlines()) == 3
    for name, reason in (
        (torn.name, "truncated"),
        ("foreign.json", "$.cell.solver"),
        ("other.json", "got `array`"),
    ):
        assert any(name in line and reason in line for line in err.splitlines()), err
    assert "\x1b" not in err
    whole.unlink()
    assert "no records in results" in mfbench("rank", "results", expected=2)[1]


def test_the_results_folder_of_the_environment(mfbench, toy_plugin, tmp_path, monkeypatch):
    """`MFBENCH_RESULTS` is the default of `run` and `rank`; `-o` wins, and an empty one says nothing."""
    monkeypatch.setenv("MFBENCH_RESULTS", "mine")
    mfbench(*toy(toy_plugin, "--seeds", "1"))
    assert len(json.loads(mfbench("rank", "--format", "json")[0])) == 1
    mfbench(*toy(toy_plugin, "--seeds", "1", "-o", "other"))
    monkeypatch.setenv("MFBENCH_RESULTS", "")
    assert "mfbench-results: no such folder" in mfbench("rank", expected=2)[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "other"]


def test_a_results_folder_that_is_a_file_is_2(mfbench, toy_plugin, tmp_path):
    (tmp_path / "taken").write_text("mine")
    _, err = mfbench(*toy(toy_plugin, "-o", "taken"), expected=2)
    assert "results folder taken: Not a directory; choose one that can be written to" in err
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_reader_that_leaves_early_sees_no_traceback(toy_plugin, tmp_path):
    command = f"{sys.executable} -m mfbench list --plugin {toy_plugin} | head -c 1 >/dev/null"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_interrupted_before_any_trial_is_130(mfbench, toy_plugin, tmp_path):
    (tmp_path / "slow.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    out, err = mfbench(*toy(toy_plugin, "--plugin", "slow.py"), expected=130)
    assert (out, err) == ("", "interrupted\n")
    assert not (tmp_path / "mfbench-results").exists()


def test_strict_makes_a_broken_plugin_an_error(mfbench, toy_plugin, tmp_path):
    (tmp_path / "broken_one.py").write_text("import no_such_module\n")
    out, err = mfbench("show", "relax", "--plugin", toy_plugin, "--plugin", "broken_one.py")
    assert "broken_one.py" in err
    assert "Approaches the truth" in out
    _, err = mfbench(
        "show", "relax", "--plugin", toy_plugin, "--plugin", "broken_one.py", "--strict", expected=2
    )
    assert "no_such_module" in err


@pytest.mark.parametrize("name", ["relax[speed=1]", "relax[steps=many]", "line[temperature=cold]"])
def test_show_refuses_parameters_that_an_entry_does_not_take(mfbench, toy_plugin, name):
    _, err = mfbench("show", name, "--plugin", toy_plugin, expected=2)
    assert name.partition("[")[2].partition("=")[0] in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_host_records_and_prints(toy_plugin, faulty_plugin, tmp_path, number):
    scratch = tmp_path / "t"
    scratch.mkdir()
    command = (
        "run",
        "--plugin",
        toy_plugin,
        "--plugin",
        faulty_plugin,
        "-p",
        "line",
        "--budget",
        "30s",
        "--jobs",
        "1",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "mfbench", *command, "-s", "for-ever"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(scratch)},
    ) as host:  # fmt: skip
        while not any(scratch.rglob("journal")):
            assert host.poll() is None
            time.sleep(0.05)
        host.send_signal(number)
        out, _ = host.communicate(timeout=30)
    assert host.returncode == 130
    assert "interrupted" in out
    assert "Records:" in out
    [record] = (tmp_path / "mfbench-results").rglob("*.json")
    assert json.loads(record.read_text())["status"] == "interrupted"


def test_no_carriage_returns_off_a_terminal_and_a_live_view_on_one(mfbench, toy_plugin, tmp_path):
    out, _ = mfbench(*toy(toy_plugin))
    assert "\r" not in out
    assert "\x1b" not in out
    main, side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "mfbench", *toy(toy_plugin, "-s", "relax[steps=40,pause=0.05]")],
        cwd=tmp_path, stdout=side, stderr=side, env=os.environ | {"TERM": "xterm"},
    ) as host:  # fmt: skip
        os.close(side)
        shown = b""
        while chunk := _read(main):
            shown += chunk
        assert host.wait(timeout=20) == 0
    assert b"error now" in shown
    assert b"trials" in shown


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side was closed
        return b""


def test_a_long_temporary_folder_does_not_stop_a_host(mfbench, toy_plugin, tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    out, _ = mfbench(*toy(toy_plugin, "--seeds", "1"))
    assert "[1/1] committor/line relax seed 0" in out
