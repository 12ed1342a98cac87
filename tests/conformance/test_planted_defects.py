"""Every planted defect is found by its own check and by no other; an entry without one passes all."""

from pathlib import Path

import defective_plugin
import jax
import numpy as np
import pytest

from mfbench.conformance import runs
from mfbench.conformance.kit import check, check_all
from mfbench.conformance.lightness import light_entry
from mfbench.conformance.problem_run import EXPECTED, run_problem, verdicts_of
from mfbench.conformance.shots import SHOTS, SLACK, misfit
from mfbench.conformance.solver_checks import obeys_budget, runs_through
from mfbench.conformance.subjects import choose
from mfbench.conformance.verdict import Outcome, failures
from mfbench.registry import load_registry

BUDGET = 3.0
PLUGINS = Path(__file__).parents[1] / "plugins"
PLANTED = str(PLUGINS / "defective_plugin.py")


@pytest.fixture(scope="module")
def registry():
    return load_registry([PLANTED])


@pytest.mark.parametrize("name", defective_plugin.SOLVERS)
def test_a_solver_is_caught_by_its_own_check(name, registry):
    (subject,) = choose(registry, (name,), on="committor/sound")
    findings = check(subject, registry, (PLANTED,), BUDGET)
    expected = defective_plugin.SOLVERS[name][1]
    assert failures(findings.verdicts) == expected, findings.verdicts
    if not expected:
        skipped = [one.check for one in findings.verdicts if one.outcome is not Outcome.PASS]
        assert skipped == (["truthful-work"] if name == "expands" else []), findings.verdicts


@pytest.mark.parametrize(
    ("name", "each", "word"),
    [
        ("honest", 0, "counted"),
        ("reweighted", 1, "counted"),
        ("integrated", 4, "deferred"),
        ("solves-when-asked", 640, "understated"),
    ],
)
def test_what_an_answer_asks_for_is_counted_apart(name, each, word, registry):
    (subject,) = choose(registry, (name,), on="committor/sound")
    work = check(subject, registry, (PLANTED,), BUDGET).work
    assert (work.each, work.word) == (each, word)


@pytest.mark.parametrize(("name", "seconds"), [("honest", 0.5), ("hurried", BUDGET), ("over-budget", BUDGET)])
def test_a_fast_starter_has_a_short_trial_and_the_whole_one_where_that_goes_wrong(
    name, seconds, registry, monkeypatch
):
    monkeypatch.setattr(runs, "LEAST_BUDGET", 0.5)
    monkeypatch.setattr(runs, "BUDGET", BUDGET)
    (subject,) = choose(registry, (name,), on="committor/sound")
    seen = runs.run_solver(subject, registry, (PLANTED,))
    assert seen.record.cell.budget == seconds
    assert failures([runs_through(seen), obeys_budget(seen)]) == defective_plugin.SOLVERS[name][1]


def test_what_is_checked_side_by_side_is_told_in_order(registry):
    subjects = choose(registry, ("in-place", "honest", "committor/sound"), on="committor/sound")
    told = list(check_all(subjects, registry, (PLANTED,), BUDGET))
    assert [findings.title.partition("[")[0] for findings in told] == [
        "committor/sound",
        "in-place",
        "honest",
    ]
    assert [failures(findings.verdicts) for findings in told] == [[], ["kept-state"], []]


@pytest.mark.parametrize("name", sorted(set(defective_plugin.PROBLEMS) - {"deadly"}))
def test_a_problem_is_caught_by_its_own_check(name, registry):
    with jax.enable_x64(True):
        verdicts = list(verdicts_of(registry, f"committor/{name}", {"steps": 8}))
    assert [verdict.check for verdict in verdicts] == list(EXPECTED)
    assert failures(verdicts) == defective_plugin.PROBLEMS[name][1], verdicts


@pytest.mark.parametrize(("name", "outcome"), [("off-by-a-hundredth", "pass"), ("swapped", "fail")])
def test_without_a_grid_shots_tell_what_is_far_off(name, outcome, monkeypatch):
    """With one, they are not asked; with neither torch nor jax, the reference is unchecked, in words."""
    registry = load_registry([PLANTED])
    values = {"steps": 8}
    with jax.enable_x64(True):
        asked = list(verdicts_of(registry, f"committor/{name}", values))[-1]
        del registry.solvers["committor", "finite-volume"]
        *_, grid, told = verdicts_of(registry, f"committor/{name}", values)
        monkeypatch.setattr("mfbench.conformance.shots.installed_version", lambda name: None)
        *_, nothing = verdicts_of(registry, f"committor/{name}", values)
    assert [one.check for one in (asked, grid, told, nothing)] == ["shots", "grid", "shots", "shots"]
    assert [one.outcome for one in (asked, grid, told, nothing)] == ["skip", "skip", outcome, "skip"]
    assert "the reference is unchecked" in grid.sentence
    assert "the reference is unchecked" in nothing.sentence


def test_shots_that_are_right_fail_as_rarely_as_is_said(registry):
    """Their noise alone, in 200 repetitions at one in a thousand; and a q that is off by .3 is seen in all of them."""
    rng = np.random.default_rng(0)
    q = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
    still = np.zeros(len(q), int)
    wrong = [misfit(q, rng.binomial(SHOTS, q), still, 0.0) for _ in range(200)]
    assert sum(one is not None for one in wrong) <= 2
    seen = [misfit(q, rng.binomial(SHOTS, (q + 0.3) % 1.0), still, SLACK) for _ in range(200)]
    assert all(one is not None for one in seen)


def test_a_problem_that_ends_its_process_fails_where_it_did(registry):
    verdicts = run_problem(registry.problems["committor/deadly"], {"steps": 8}, (PLANTED,))
    assert failures(verdicts) == ["shapes"]
    assert "exit code 7" in verdicts[-1].sentence
    assert [verdict.check for verdict in verdicts] == ["builds", "facts", "shapes"]


def test_an_entry_that_brings_a_framework_is_caught():
    file = str(PLUGINS / "heavy_plugin.py")
    registry = load_registry([file])
    key = ("committor", "heavy")
    verdict = light_entry(registry.solvers[key], registry.origins[key])
    assert failures([verdict]) == ["light-entry"]
    assert "jax" in verdict.sentence
