"""What is said while trials run: whole in a narrow window, and nothing that a terminal would obey."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from mfbench.plan import Plan
from mfbench.progress import LiveObserver, Pace, PlainObserver, trial_names
from mfbench.record import Cell, Spec, Status
from mfbench.trial import Progress, blank

CELL = Cell(
    task="committor", problem="committor/double-well-sublevel", problem_parameters={}, solver="gauss-newton",
    solver_parameters={}, seed=12, device="cpu", budget=120.0,
)  # fmt: skip
SPECS = [Spec(key=str(number), cell=CELL) for number in range(100)]


@pytest.fixture
def console():
    def make(width):
        return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)

    return make


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_live_view_is_whole_in_every_window(console, width, tmp_path):
    plan = Plan(specs=SPECS, jobs=2, expected={spec.key: 138.0 for spec in SPECS})
    narrow = console(width)
    view = LiveObserver(narrow, SPECS, plan)
    view.started(Progress(SPECS[0], tmp_path / "no-journal-yet", None))
    narrow.print(view)
    lines = narrow.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    text = " ".join(lines)
    assert "…" not in text
    assert "0 of 120" in text
    assert "0/100" in text
    assert "0:00:00" in text
    assert "~ 115 min left" in text  # fifty after each other, 138 s each
    names = "".join(line[: lines[0].index("seconds")] for line in lines)
    assert "committor/double-well-sublevelgauss-newtonseed12" in "".join(names.split())


@pytest.mark.parametrize("kind", ["plain", "live"])
def test_a_solvers_words_are_said_and_never_obeyed(console, kind):
    wide = console(200)
    watcher = (
        PlainObserver(wide, SPECS[:1])
        if kind == "plain"
        else LiveObserver(wide, SPECS[:1], Plan(specs=SPECS[:1]))
    )
    watcher.finished(blank(SPECS[0], "", Status.ERROR, "ValueError: [bold]no[/nope]\x1b[31m\r\x9b2J\nmore"))
    text = wide.file.getvalue()
    assert text == (
        "[1/1] committor/double-well-sublevel gauss-newton seed 12: error; ValueError: [bold]no[/nope] more\n"
    )


def cell(width, dim=2, seed=0):
    return msgspec.structs.replace(
        CELL, problem_parameters={"dim": dim}, solver_parameters={"width": width, "rate": 0.1}, seed=seed
    )


def test_names_say_what_tells_trials_apart_and_no_more():
    specs = [Spec(key=str(width), cell=cell(width)) for width in (8, 16)]
    name = trial_names(specs)
    assert name(specs[0].cell) == "committor/double-well-sublevel gauss-newton[width=8] seed 0"
    other = Spec(key="other", cell=cell(8, dim=3))
    assert trial_names([specs[0], other])(other.cell) == (
        "committor/double-well-sublevel[dim=3] gauss-newton seed 0"
    )


def test_what_is_left_is_told_by_how_long_trials_took(console, tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("mfbench.progress.time.monotonic", lambda: clock[0])
    wide = console(200)
    view = LiveObserver(wide, SPECS, Plan(specs=SPECS, jobs=1, expected={spec.key: 120.0 for spec in SPECS}))
    for spec in SPECS[:2]:
        view.started(Progress(spec, tmp_path / "none", None))
        clock[0] += 6.0
        view.finished(blank(spec, "", Status.OK, "finished by itself"))
    wide.print(view)
    assert "~ 9.8 min left" in wide.file.getvalue()  # 98 trials of six seconds


def test_each_solver_has_a_pace_of_its_own():
    pace = Pace()
    assert pace.of("sgd") == 1.0
    pace.learn("sgd", 6.0, 60.0)
    pace.learn("gauss-newton", 60.0, 60.0)
    assert pace.of("sgd") == 0.1
    assert pace.of("gauss-newton") == 1.0
    assert pace.of("pinn") == 0.55
