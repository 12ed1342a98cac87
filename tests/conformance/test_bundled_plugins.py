"""Every bundled problem and solver keeps the rules; what takes long is under the marker `slow`."""

import jax
import pytest

from mfbench.conformance.kit import check
from mfbench.conformance.problem_run import EXPECTED, verdicts_of
from mfbench.conformance.subjects import choose
from mfbench.conformance.verdict import Outcome, failures
from mfbench.registry import load_registry

REGISTRY = load_registry()
QUICK = (
    "committor/arc",
    "committor/double-well",
    "committor/duffing",
    "committor/ginzburg-landau",
    "committor/mueller",
    "fokker-planck/ring",
    "fokker-planck/sheared",
)
"""Of each kind one: closed form, grid, shots, no reversibility, a wall, a drift, a law in time."""


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in REGISTRY.problems],
)
def test_a_bundled_problem_keeps_the_rules(name):
    preset = next(p for p in ("quick", "standard", "full") if REGISTRY.problems[name].instances.get(p))
    overrides = REGISTRY.problems[name].instances[preset][0]
    inside = ",".join(f"{key}={value}" for key, value in overrides.items())
    (subject,) = choose(REGISTRY, (f"{name}[{inside}]",))
    with jax.enable_x64(True):
        verdicts = list(verdicts_of(REGISTRY, name, subject.parameters))
    assert [verdict.check for verdict in verdicts] == list(EXPECTED)
    assert failures(verdicts) == [], verdicts


@pytest.mark.parametrize(
    "key",
    [
        key
        if entry.control and not entry.extras and entry.name != "gaussian-closure"  # half a minute
        else pytest.param(key, marks=pytest.mark.slow)
        for key, entry in REGISTRY.solvers.items()
    ],
    ids=lambda key: key[1],
)
def test_a_bundled_solver_keeps_the_rules(key):
    subjects = [s for s in choose(REGISTRY, (key[1],)) if (s.entry.task, s.entry.name) == key]
    findings = check(subjects[0], REGISTRY, budget=60.0 if REGISTRY.solvers[key].extras else 5.0)
    if findings.verdicts[-1].outcome is Outcome.SKIP and findings.verdicts[-1].check == "trial":
        pytest.skip(findings.verdicts[-1].sentence)
    assert failures(findings.verdicts) == [], findings.verdicts
