"""One trial: what a child is given, what comes back, and the same as a command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest

from mfbench import availability, isolation
from mfbench.descendants import PATIENCE
from mfbench.judges import judge_of
from mfbench.points import read_points, write_points
from mfbench.record import PROTOCOL, Cell, Limits, Record, Spec, Status
from mfbench.store import decode_record
from mfbench.tasks.judging import Inquiry
from mfbench.trial import main, registry_of, run_trial

LIMITS = Limits(memory_mb=512, grace=5.0, evaluation=5.0)


@pytest.fixture(scope="module")
def plugins(toy_plugin, faulty_plugin, curious_plugin):
    return (toy_plugin, faulty_plugin, curious_plugin)


@pytest.fixture(scope="module")
def spec(plugins):
    def make(solver="relax", **more):
        cell = {
            "task": "committor", "problem": "committor/line", "problem_parameters": {"temperature": 1.0},
            "solver": solver, "solver_parameters": {}, "seed": 0, "device": "cpu", "budget": 5.0,
        }  # fmt: skip
        cell |= {name: more.pop(name) for name in list(more) if name in cell}
        return Spec(**{"key": solver, "cell": Cell(**cell), "limits": LIMITS, "plugins": plugins} | more)

    return make


@pytest.fixture(scope="module")
def result(spec):
    return run_trial(spec(solver_parameters={"steps": 40, "rate": 0.5, "pause": 0.002}))


def test_a_good_trial_has_its_score(result):
    """After 40 halvings the distance from q = (x + 1) / 2 is 2^-40, and wrmse is that times sqrt(1/20)."""
    record = result.record
    assert record.status is Status.OK
    assert record.sentence.startswith("finished by itself after")
    assert record.error == pytest.approx(2.0**-40 * 0.05**0.5, rel=1e-2)
    assert record.headline == "wrmse"
    assert record.work == {"evaluations": 40}
    assert record.judge and record.machine["fingerprint"] and record.versions["python"]
    assert (record.control, record.stderr) == (False, "")


def test_its_curve_runs_through_the_targets(result):
    record = result.record
    seconds = [look.seconds for look in record.curve]
    assert seconds == sorted(seconds)
    assert record.curve[0].error == pytest.approx(0.05**0.5, rel=1e-3)
    assert record.curve[-1].error == record.error, "the last point is the one that is scored"
    assert record.targets == [0.1, 0.01, 0.001]
    times = [record.seconds_to_target[repr(target)] for target in record.targets]
    assert times == sorted(times)
    for target in record.targets:
        first = next(look for look in record.curve if look.error <= target)
        assert record.seconds_to_target[repr(target)] == first.seconds
        assert record.work_to_target[repr(target)] == first.work["evaluations"]


def test_what_it_used_is_measured(result):
    usage = result.record.usage
    assert 0 < usage.seconds_setup < 1.0
    assert usage.seconds_solve >= 40 * 0.002
    assert usage.seconds_wall > usage.seconds_setup + usage.seconds_solve
    assert usage.seconds_cpu > 0
    assert usage.threads == 1


def test_its_values_judge_it_again(result, spec, plugins):
    """A corrected metric needs no new run: the values that were scored are kept whole."""
    judge = judge_of(registry_of(plugins).problems["committor/line"], {"temperature": 1.0}, 0)
    assert result.arrays["looks"].shape == (len(judge.inquiry.looks),)
    assert result.arrays["finals"].shape == (len(judge.inquiry.finals),)
    assert result.arrays["gradients"].shape == judge.inquiry.gradients.shape
    assert judge.headline(result.arrays["looks"]).value == result.record.error


def test_a_record_survives_its_document(result):
    assert msgspec.json.decode(msgspec.json.encode(result.record), type=Record) == result.record


SLOPED = """
import mfbench
import numpy as np
import toy_plugin

def solve(problem, parameters, context):
    yield mfbench.Checkpoint(
        evaluate=toy_plugin.evaluate, state=0.0, work={}, gradient=lambda state, x: np.full(x.shape, 0.5)
    )

@mfbench.hookimpl
def mfbench_solvers():
    return [mfbench.SolverEntry(name="sloped", task="committor", summary="Exact.", source="elementary", run="sloped:solve")]
"""


def test_gradients_by_differences_are_flagged_and_an_older_record_does_not_say(
    result, spec, plugins, tmp_path
):
    """`relax` offers no gradient. The one of q = (x + 1) / 2 is 1/2 either way."""
    (tmp_path / "sloped.py").write_text(SLOPED)
    own = run_trial(spec("sloped", plugins=(*plugins, str(tmp_path / "sloped.py"))))
    assert own.record.status is Status.OK, own.record.sentence
    assert (own.record.differences, result.record.differences) == (False, True)
    np.testing.assert_allclose(result.arrays["gradients"], own.arrays["gradients"], atol=1e-9)
    older = json.loads(msgspec.json.encode(result.record))
    assert older.pop("differences") is True
    assert msgspec.json.decode(json.dumps(older), type=Record).differences is None


def test_a_trial_without_a_score_says_nothing_of_gradients(spec):
    record = run_trial(spec("picky")).record
    assert (record.status, record.differences) == (Status.UNSUPPORTED, None)


def test_the_same_seed_gives_the_same_values(spec, result):
    again = run_trial(spec(solver_parameters={"steps": 40, "rate": 0.5, "pause": 0.002}))
    for name, values in result.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], values)


@pytest.fixture(scope="module")
def seen(spec):
    """What a solver sees that looks around."""
    record = run_trial(spec("witness", limits=msgspec.structs.replace(LIMITS, threads=1))).record
    assert record.status is Status.OK, record.sentence
    return json.loads(record.stderr)


def test_a_child_has_its_cores_and_as_many_threads(seen):
    assert len(seen["cores"]) == 1
    assert set(seen["cores"]) <= os.sched_getaffinity(0)
    assert seen["threads"] == "1"


def test_a_child_on_the_processor_sees_no_gpu(seen):
    """A framework that finds one takes it, whatever the record says of the device."""
    assert (seen["gpu"], seen["platforms"]) == ("", "cpu")


def test_a_child_is_alone(seen):
    """It can be killed with its group, reads no input, and works in a folder that is gone afterwards."""
    assert seen["leads its session"]
    assert seen["input"] == ""
    assert seen["beside it"] == ["journal", "stderr"], "not the judge's points"
    assert not Path(seen["folder"]).exists()


def test_a_child_holds_no_files_of_the_host(seen):
    """Above all no lock of a slot: it would outlive the host."""
    inside = [
        path for path in seen["files"] if path.startswith("/") and not path.startswith(("/dev/", "/proc/"))
    ]
    assert sorted(os.path.relpath(path, seen["folder"]) for path in inside) == ["journal", "stderr"]


def test_only_the_last_words_of_a_talkative_solver_are_kept(spec):
    record = run_trial(spec("babble")).record
    assert record.status is Status.OK
    assert record.stderr == "x" * 1995 + "last\n"


def test_a_solver_is_told_its_circumstances(seen):
    seed, device, threads, budget = seen["context"]
    assert (device, threads, budget) == ("cpu", 1, 5.0)
    assert seed > 0


def test_points_are_all_that_leaves_the_judge(plugins, tmp_path):
    problem = registry_of(plugins).problems["committor/line"]
    inquiry = judge_of(problem, {"temperature": 1.0}, 0).inquiry
    points = write_points(inquiry, tmp_path / "points")
    read = read_points(points)
    assert vars(read).keys() == {"looks", "finals", "gradients", "step"}
    for name, value in vars(read).items():
        np.testing.assert_array_equal(value, getattr(inquiry, name), strict=True, err_msg=name)


def test_a_file_of_points_that_was_cut_short_is_refused(tmp_path):
    inquiry = Inquiry(looks=np.ones((4, 2)), finals=np.ones((0, 2)), gradients=np.ones((3, 2)), step=0.5)
    points = write_points(inquiry, tmp_path / "points")
    Path(points.path).write_bytes(Path(points.path).read_bytes()[:-8])
    with pytest.raises(ValueError, match="holds 13 numbers; expected 14"):
        read_points(points)


@pytest.mark.parametrize(("megabytes", "status"), [(30, Status.OK), (150, Status.OUT_OF_MEMORY)])
def test_memory_counts_from_the_start_of_the_child(spec, megabytes, status):
    """A limit of 64 MB is below what Python with numpy holds before anything is solved."""
    limits = msgspec.structs.replace(LIMITS, memory_mb=64)
    record = run_trial(spec("hoard", solver_parameters={"megabytes": megabytes}, limits=limits)).record
    assert record.status is status, record.sentence
    if status is Status.OK:
        assert 0.9 * megabytes < record.usage.peak_memory_mb < megabytes + 40


@pytest.fixture
def gpus(monkeypatch):
    """Two GPUs of which this process may use the second; nothing is asked of them."""
    monkeypatch.setattr(availability, "gpus", lambda: ("7",))


def test_a_gpu_is_one_of_those_the_host_may_use(spec, gpus):
    record = run_trial(spec("witness", device="cuda")).record
    assert record.status is Status.OK, record.sentence
    seen = json.loads(record.stderr)
    assert (seen["gpu"], seen["platforms"], seen["context"][1]) == ("7", "cuda,cpu", "cuda")
    assert Path(os.environ["MFBENCH_SLOTS"], "gpu-7").exists()


def test_a_grandchild_does_not_hold_up_a_spawned_child(spec, gpus, descendants, monkeypatch):
    """A spawned child hands its sentinel down to whatever it forks."""
    monkeypatch.setattr(availability, "why_not", lambda *arguments: None)
    began = time.monotonic()
    record = run_trial(spec("grandchild", device="cuda")).record
    assert record.status is Status.OK, record.sentence
    assert time.monotonic() - began < LIMITS.wall(5.0) / 2
    # Nobody waits for what init has adopted: killed, it takes a moment to go, a longer one on a busy machine.
    left = [process for process in descendants() if process.ppid() != os.getpid()]
    assert psutil.wait_procs(left, timeout=PATIENCE)[1] == []


def test_interrupted_while_it_runs(spec, descendants):
    stopping = threading.Event()
    timer = threading.Timer(0.5, stopping.set)
    timer.start()
    record = run_trial(spec("wait"), stopping.is_set).record
    assert (record.status, record.sentence) == (Status.INTERRUPTED, "interrupted with its host")
    assert record.curve, "what was seen is kept"
    assert not record.metrics, "and not ranked"
    assert [process for process in descendants() if process.ppid() != os.getpid()] == []


def test_interrupted_before_it_started(spec):
    record = run_trial(spec(), lambda: True).record
    assert (record.status, record.sentence) == (Status.INTERRUPTED, "interrupted before it started")


def test_a_child_that_dies_while_its_host_is_stopped_is_interrupted(spec, monkeypatch):
    """A scheduler that stops a job signals all of its processes: the solver has not crashed."""
    monkeypatch.setattr(isolation, "POLL", 10.0)  # the death is seen first
    running, stopping = [], threading.Event()

    def stop():
        while not running:
            running.extend(isolation._running)
        time.sleep(0.2)
        stopping.set()
        os.kill(running[0], signal.SIGTERM)

    thread = threading.Thread(target=stop)
    thread.start()
    record = run_trial(spec("wait"), stopping.is_set).record
    thread.join()
    assert record.status is Status.INTERRUPTED, record.sentence


def test_the_end_of_one_trial_leaves_the_daemons_of_another_alone(spec):
    with ThreadPoolExecutor(1) as other:
        keeping = other.submit(run_trial, spec("keep"))
        ended = 0
        while not keeping.done():
            ended += run_trial(spec("relax", solver_parameters={"steps": 1})).record.status is Status.OK
        record = keeping.result().record
    assert record.status is Status.OK, record.sentence
    assert ended > 0
    assert record.reports["lived"] > 1.4


def test_a_child_of_a_suspended_host_ends_at_its_limit(spec, monkeypatch):
    """Its own timer does it, a second later; a host that sleeps kills nobody."""

    def sleep(handle, limit, stopping):
        handle.process.join()
        return ""

    monkeypatch.setattr(isolation, "_watch", sleep)
    record = run_trial(
        spec("wait", budget=0.2, limits=Limits(memory_mb=512, grace=0.2, evaluation=0.1))
    ).record
    assert (record.status, record.sentence[:19]) == (Status.OK, "killed at the limit"), record.sentence
    assert 0.55 < record.usage.seconds_wall < 5.0
    assert "Timeout" in record.stderr, "where it hung"


def test_keyboard_interrupt_is_no_error_of_the_solver(spec, monkeypatch):
    def interrupt(order, stopping):
        raise KeyboardInterrupt

    monkeypatch.setattr(isolation, "run_child", interrupt)
    assert run_trial(spec()).record.status is Status.INTERRUPTED


def test_a_host_that_fails_says_that_it_was_not_the_solver(spec, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("the judge is ill")

    monkeypatch.setattr("mfbench.trial.conclude", fail)
    record = run_trial(spec()).record
    assert record.status is Status.ERROR
    assert record.sentence == "outside the solver: RuntimeError: the judge is ill"


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), MemoryError()])
def test_a_host_that_lacks_something_leaves_the_trial_for_the_next_time(spec, monkeypatch, failure):
    def fail(*arguments):
        raise failure

    monkeypatch.setattr("mfbench.trial.set_aside", fail)
    record = run_trial(spec()).record
    assert record.status is Status.INTERRUPTED and not record.status.final
    assert record.sentence.startswith(f"outside the solver: {type(failure).__name__}")


@pytest.mark.parametrize("jump", [-1e6, 1e6])
def test_a_wall_clock_that_jumps_changes_no_second(spec, monkeypatch, jump):
    """Only `started` is told by it: budget, limit and curve are measured by clocks that nobody sets."""
    calls, true = [], time.time

    def jumping():
        calls.append(true())
        return calls[-1] + jump * len(calls)

    monkeypatch.setattr(time, "time", jumping)
    limits = Limits(memory_mb=512, grace=0.5, evaluation=0.2)
    record = run_trial(spec("hang", budget=0.5, limits=limits)).record
    monkeypatch.undo()
    assert (record.status, record.sentence[:19]) == (Status.OK, "killed at the limit")
    limit = limits.wall(0.5)
    assert limit < record.usage.seconds_wall < limit + 2.0
    assert record.curve[0].seconds < 0.5


def test_nothing_but_the_date_of_a_record_asks_the_wall_clock():
    """Ages of half-written files aside, which only say how long to leave them alone, and dates that lie in the future."""
    asked = {
        (path.name, word)
        for path in Path(isolation.__file__).parent.rglob("*.py")
        for word in ("time.time(", "datetime.now(", "utcnow(", "localtime(")
        if word in path.read_text()
    }
    assert asked == {
        ("trial.py", "datetime.now("),
        ("newest.py", "datetime.now("),
        ("store.py", "time.time("),
    }


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"solver": "relx"}, Status.ERROR, "unknown solver 'relx'; did you mean relax"),
        ({"problem": "committor/lime"}, Status.ERROR, "unknown problem 'committor/lime'; did you mean committor/line"),
        ({"protocol": PROTOCOL + 1}, Status.ERROR, f"protocol {PROTOCOL + 1}; this mfbench runs {PROTOCOL}"),
        ({"problem_parameters": {"temperature": -1.0}}, Status.ERROR, "expected a number > 0"),
        ({"solver": "picky"}, Status.UNSUPPORTED, "needs d >= 2; this is a line"),
        ({"device": "cuda"}, Status.UNSUPPORTED, "runs on cpu only, not on cuda"),
        ({"limits": Limits(threads=4096)}, Status.ERROR, "4096 core slots wanted"),
        ({"solver_parameters": {"stesp": 3}}, Status.ERROR, "unknown parameter 'stesp'"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_leaves_a_record_too(spec, changes, status, words):
    record = run_trial(spec(**changes)).record
    assert record.status is status
    assert words in record.sentence


def test_started_is_told_of_the_journal(spec):
    told = []
    run_trial(spec(), started=told.append)
    (progress,) = told
    assert progress.spec == spec()
    assert progress.judge.headline(np.full(1001, 0.5)).value == pytest.approx(0.05**0.5, rel=1e-3)


@pytest.fixture
def command(tmp_path):
    """Calls `python -m mfbench.trial` in a process of its own."""

    def call(*arguments, expected, check=None):
        process = subprocess.Popen(
            [sys.executable, "-m", "mfbench.trial", *arguments],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        if check is not None:
            check(process)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == expected, errors
        return errors

    return call


def write(path, spec):
    path.write_bytes(msgspec.json.encode(spec))


@pytest.mark.parametrize(
    ("solver", "code", "status"), [("relax", 0, "ok"), ("picky", 0, "unsupported"), ("fail", 1, "error")]
)
def test_the_command_reads_a_spec_and_writes_a_record(command, tmp_path, spec, solver, code, status):
    write(tmp_path / "spec.json", spec(solver))
    command("spec.json", "record.json", expected=code)
    record = decode_record(tmp_path / "record.json")
    assert (record.status, record.cell) == (status, spec(solver).cell)
    assert (tmp_path / "record.npz").exists() == (status == "ok")
    if status == "ok":
        with np.load(tmp_path / record.arrays) as data:
            assert data["looks"].shape == (1001,)


def test_the_command_is_interrupted(command, tmp_path, spec, descendants):
    write(tmp_path / "spec.json", spec("wait"))

    def interrupt(process):
        deadline = time.monotonic() + 30
        while len(descendants()) < 4 and time.monotonic() < deadline:  # itself, tracker, fork server, child
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)

    command("spec.json", "record.json", expected=130, check=interrupt)
    assert decode_record(tmp_path / "record.json").status is Status.INTERRUPTED


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "usage: python -m mfbench.trial SPEC.json RECORD.json"),
        (("spec.json",), "usage"),
        (("absent.json", "record.json"), "No such file"),
        (("bad.json", "record.json"), "bad.json: "),
        (("typo.json", "record.json"), "unknown field `sed`"),
        (("spec.json", "absent/record.json"), "there is no folder absent"),
    ],
)
def test_bad_input_is_2_and_nothing_is_run(tmp_path, monkeypatch, capsys, spec, arguments, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mfbench.trial.run_trial", None)
    write(tmp_path / "spec.json", spec())
    (tmp_path / "bad.json").write_text("{")
    document = msgspec.to_builtins(spec())
    document["cell"]["sed"] = 1
    (tmp_path / "typo.json").write_text(json.dumps(document))
    assert main(list(arguments)) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "record.json").exists()
