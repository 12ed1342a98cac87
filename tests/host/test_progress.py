"""What is said while trials run: whole in a narrow window, and nothing that a terminal would obey."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mfbench.plan import Plan
from mfbench.progress import LiveObserver, PlainObserver
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
        PlainObserver(wide, 1) if kind == "plain" else LiveObserver(wide, SPECS[:1], Plan(specs=SPECS[:1]))
    )
    watcher.finished(blank(SPECS[0], "", Status.ERROR, "ValueError: [bold]no[/nope]\x1b[31m\r\x9b2J\nmore"))
    text = wide.file.getvalue()
    assert text == (
        "[1/1] committor/double-well-sublevel gauss-newton seed 12: error; ValueError: [bold]no[/nope] more\n"
    )
