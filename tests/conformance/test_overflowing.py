"""Solvers that sample, on a potential that is no number, or open, where their walkers go."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mfbench import Context, Diverged
from mfbench.record import Cell, Limits, Spec, Status
from mfbench.registry import load_registry, resolve
from mfbench.trial import run_trial

PLUGIN = Path(__file__).parents[1] / "plugins" / "overflowing_plugin.py"
PROBLEM = "committor/overflowing"
SMALL = {"width": 8}
SOLVERS = {
    "shooting": SMALL | {"walkers": 256},
    "tensor-train": {},
    "particle-sgd": {"particles": 16},
    "particle-sgd-torch": {"particles": 16},
    "semigroup": SMALL,
    "log-semigroup": SMALL | {"chains": 8},
    "splitting": SMALL,
    "markov-model": {"functions": 20},
}
"""And the parameters with which they are quick. `mlcolvar`, of the extra `peers`, has its own tests in tests/peers."""
FAST = ("tensor-train", "particle-sgd-torch")
ENOUGH = 400
"""Checkpoints, fewer of which must do."""


@pytest.fixture(scope="module", autouse=True)
def _everywhere(double_precision):
    """Solvers of jax ask for float64, and leave it so."""


def solver(name):
    return pytest.param(name, marks=() if name in FAST else pytest.mark.slow)


def checkpoints(name, beyond):
    """Of a solver on the problem with this beyond the edge; everything through the registry."""
    registry = load_registry([PLUGIN])
    entry, problem = registry.solvers["committor", name], registry.problems[PROBLEM]
    built = resolve(problem.build)(problem.parameters(beyond), 1)
    context = Context(seed=5, device="cpu", threads=1, budget=1e3, elapsed=lambda: 0.0)
    return resolve(entry.run)(built, entry.parameters(**SOLVERS[name]), context)


@pytest.mark.parametrize("value", ["inf", "nan"])
@pytest.mark.parametrize("name", [solver(name) for name in SOLVERS])
def test_an_overflow_ends_as_diverged(name, value):
    """The sentence has the step and the energy."""
    with pytest.raises(Diverged, match=rf"(step|move) [0-9]+.*: beta V is {value} at "):
        for _ in itertools.islice(checkpoints(name, value), ENOUGH):
            pass


@pytest.mark.parametrize("name", [solver(name) for name in SOLVERS])
def test_who_leaves_the_box_is_counted(name):
    """Where V is bounded across the wells walkers leave."""
    escaped = 0.0
    for checkpoint in itertools.islice(checkpoints(name, "leak"), ENOUGH):
        before, escaped = escaped, checkpoint.reports.get("walkers_escaped", escaped)
        assert escaped >= before
        if escaped > 10:
            break
    assert escaped > 10


@pytest.mark.parametrize("name", [solver(name) for name in ("tensor-train", "splitting")])
def test_a_trial_leaves_a_record_with_the_sentence(name):
    cell = Cell(
        task="committor", problem=PROBLEM, problem_parameters={"beyond": "inf"}, solver=name,
        solver_parameters=SOLVERS[name], seed=0, device="cpu", budget=60.0,
    )  # fmt: skip
    record = run_trial(Spec(key=name, cell=cell, limits=Limits(), plugins=(str(PLUGIN),))).record
    assert record.status is Status.DIVERGED, record.sentence
    assert "beta V is inf at " in record.sentence
    assert record.sentence.split()[1].rstrip(":").isdigit(), record.sentence
