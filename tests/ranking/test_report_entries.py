"""The views of list, show and the plan; and what none of them may import."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from mfbench import Facts, ProblemEntry, Reference, SolverEntry
from mfbench.report.catalogue import list_entries
from mfbench.report.pages import show_problem, show_solver
from mfbench.report.plan import plan_table


@dataclass(frozen=True, kw_only=True)
class WellParameters:
    """Of the double well.

    Args:
        dim: dimension d.
        temperature: 1 / beta.
    """

    dim: int = 10
    temperature: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Width:
    width: int = 64


WELL = ProblemEntry(
    name="committor/double-well",
    summary="Two wells, rare when cold.",
    formula="V(y) = (y1^2 - 1)^2\n       + |y'|^2 / 2",
    source="A textbook, eq. (1.2)",
    facts=lambda given: Facts(task="committor", dim=given.dim, flags=frozenset({"rotated", "reversible"})),
    build="a_module:build",
    judge="a_module:judge",
    parameters=WellParameters,
    instances={"quick": ({"dim": 2},), "standard": ({"dim": 10}, {"dim": 20, "temperature": 0.1})},
)
SGD = SolverEntry(
    name="sgd",
    task="committor",
    summary="Descends the Dirichlet energy.",
    source="A paper, eq. (8)",
    run="a_module:solve",
    parameters=Width,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
CONSTANT = SolverEntry(
    name="constant", task="committor", summary="The best constant.", source="-", run="b:solve", control=True
)
RING = SolverEntry(name="ring", task="fokker-planck", summary="A sum.", source="-", run="c:solve")
MISSING = "jax not installed; run: pip install 'mfbench[jax]'"


def words(text):
    """The text without the line breaks and blanks of its layout."""
    return " ".join(text.split())


def test_list_groups_by_task_and_shows_states_with_their_causes():
    text = list_entries(
        [WELL], [(CONSTANT, None), (SGD, MISSING), (RING, None)], [("x.py", "ImportError:\nno y")], width=200
    )
    order = ["committor: What", "Problems", "committor/double-well", "Solvers", "constant", "sgd",
             "fokker-planck: What", "ring", "Broken plugins", "x.py"]  # fmt: skip
    positions = [text.index(part) for part in order]
    assert positions == sorted(positions)
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "ok" in lines["constant"].split()
    assert "(control)" in lines["constant"]
    assert "missing" in lines["sgd"] and MISSING in lines["sgd"]
    assert lines["x.py"].split(maxsplit=2) == ["x.py", "broken", "ImportError: no y"]
    assert "quick 1, standard 2" in lines["committor/double-well"]


def test_one_bad_entry_does_not_hide_the_others():
    bad = ProblemEntry(
        name="committor/bad",
        summary="",
        formula="",
        source="",
        facts=lambda given: 1 / 0,
        build="a:b",
        judge="a:c",
    )
    text = list_entries([bad, WELL], [])
    assert "committor/bad" in text and "broken" in text and "committor/double-well" in text


@pytest.fixture
def problem_page():
    references = [
        Reference(quantity="q(x)", value=None, tolerance=1e-8, method="quadrature", source="eq. (3)"),
        Reference(
            quantity="nu per unit time", value=1.23456789e-4, tolerance=2e-9, method="exact sum", source="(4)"
        ),
    ]
    return show_problem(WELL, references, width=160)


@pytest.mark.parametrize(
    "part",
    [
        "committor/double-well[dim=10,temperature=0.2]",
        "Two wells, rare when cold.",
        "dimension 10",
        "reversible, rotated",
        "A textbook, eq. (1.2)",
        "q(x) +/- 1e-8 quadrature eq. (3)",
        "nu per unit time 1.234568e-4 +/- 2e-9 exact sum (4)",
        "dim int 10",
        "temperature float 0.2",
        "temperature: 1 / beta.",
        "standard committor/double-well[dim=20,temperature=0.1]",
        "0.1, 0.01, 1e-3",
    ],
)
def test_show_says_all_about_a_problem(problem_page, part):
    assert part in words(problem_page)


def test_show_keeps_the_lines_of_a_formula(problem_page):
    lines = problem_page.splitlines()
    start = next(i for i, line in enumerate(lines) if "V(y) = (y1^2 - 1)^2" in line)
    assert lines[start + 1].strip() == "+ |y'|^2 / 2"


def test_show_takes_another_instance():
    assert "dimension 3" in words(show_problem(WELL, parameters=WellParameters(dim=3)))


def test_show_says_in_which_metric_the_targets_are():
    assert "targets logit_rmse 0.1, 0.01, 1e-3" in words(show_problem(WELL, metric="logit_rmse"))
    assert "targets 0.1, 0.01, 1e-3" in words(show_problem(WELL))


def test_show_says_all_about_a_solver():
    text = words(show_solver(SGD, MISSING))
    for part in (
        "Descends",
        "A paper, eq. (8)",
        "cpu, cuda",
        "jax (pip install 'mfbench[jax]')",
        "width int 64",
    ):
        assert part in text
    assert f"missing: {MISSING}" in text
    assert "Width(" not in text  # the docstring that dataclass writes itself
    assert "pip install" not in show_solver(SGD, None, distribution=None)
    assert "yardstick" in show_solver(CONSTANT)


def test_the_plan_shows_trials_reasons_and_minutes():
    rows = [
        ("committor/a[dim=2]", "sgd", 5, 20.0),
        ("committor/a[dim=2]", "grid", 5, 2.0),
        ("committor/b", "sgd", 5, 20.0),
    ]
    text = plan_table(rows, [("committor/b", "grid", "2-D only"), ("committor/c", "grid", "2-D only")], 3.5)
    assert text.startswith("15 trials, at most about 3.5 min\n")
    lines = [line.split() for line in text.splitlines()]
    assert ["committor/a[dim=2]", "sgd", "5", "20", "s", "100", "s"] in lines
    assert ["grid", "5", "2", "s", "10", "s"] in lines
    assert ["grid", "2-D", "only", "committor/b;", "committor/c"] in lines


def test_an_empty_plan_says_so():
    assert plan_table([], [], 0.0).startswith("0 trials")


@pytest.mark.parametrize("view", ["list", "show", "plan"])
def test_views_have_no_control_characters(view):
    text = {
        "list": lambda: list_entries([WELL], [(SGD, MISSING)], [("x.py", "a\rb\x1b[31m")]),
        "show": lambda: show_problem(WELL),
        "plan": lambda: plan_table([("p", "s", 1, 1.0)], [], 1.0),
    }[view]()
    assert "\r" not in text and "\x1b" not in text


def test_reports_import_no_framework():
    modules = [
        "ranking",
        "report.tables",
        "report.terminal",
        "report.paper",
        "report.catalogue",
        "report.plan",
    ]
    code = "import sys; " + "; ".join(f"import mfbench.{module}" for module in modules)
    code += "; print(sorted({'torch', 'jax', 'pandas', 'matplotlib'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
