"""What a verdict is made of: readings of cells, effects, and what follows from them.

Plain data. A ratio is head over base, above 1 is worse; None stands for an infinite one, since JSON has no infinity.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.gates import Gates


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """What both sides made of one seed. None: infinite, or nothing to compare.

    Args:
        seed: number of the repetition.
        base_error, head_error: what accuracy compares.
        base_seconds, head_seconds: what cost compares: the clock at `level`, the best of the rounds.
        level: the error to which the seconds lead.
    """

    seed: int
    base_error: float | None
    head_error: float | None
    base_seconds: float | None = None
    head_seconds: float | None = None
    level: float | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """How much worse a quantity got.

    Args:
        ratio: geometric mean over the pairs of head / base.
        low, high: its interval.
        pairs: how many there are.
        limit: the gate; None: there is none.
        judgement: "loss" (beyond the gate, and the interval lies above 1), "worse" (it lies above 1), "unclear" (it
            holds both 1 and a loss beyond the gate), "better" (it lies below 1) or "same".
    """

    ratio: float | None
    low: float | None
    high: float | None
    pairs: int
    limit: float | None
    judgement: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a cell.

    Args:
        base_status, head_status: what became of the trials, counted.
        lost: seeds that head fails in every round; empty where base fails any.
        pairs: seed by seed.
        accuracy, cost: effects; None where there is nothing to compare, `silent` says why.
    """

    base_status: str
    head_status: str
    lost: tuple[int, ...] = ()
    pairs: tuple[Pair, ...] = ()
    accuracy: Effect | None = None
    cost: Effect | None = None
    silent: dict[str, str] = {}

    def effect(self, quantity: str) -> Effect | None:
        """The effect on a quantity."""
        return self.cost if quantity == "cost" else self.accuracy

    @property
    def suspects(self) -> tuple[str, ...]:
        """What seems to have got worse beyond its gate: "status", "accuracy", "cost"."""
        effects = {"accuracy": self.accuracy, "cost": self.cost}
        found = [
            name for name, effect in effects.items() if effect is not None and effect.judgement == "loss"
        ]
        return (*(("status",) if self.lost else ()), *found)


class CellVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One cell: what a first look saw, and a second one where it had to be confirmed.

    Args:
        task, problem, problem_parameters, solver, parameters, device: what makes the cell.
        budgets: seconds, of base and of head.
        first: the reading of every cell.
        second: of fresh seeds, where the first one is suspect; None: not run.
        regressions: what is held to be worse.
        notes: what to know of it.
    """

    task: str
    problem: str
    problem_parameters: dict[str, Any]
    solver: str
    parameters: dict[str, Any]
    device: str
    budgets: tuple[float, float]
    first: Reading
    second: Reading | None = None
    regressions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """All of a comparison.

    Args:
        base, head: what was compared, in words.
        gates: what it fails on.
        confidence: of the intervals, two-sided.
        looks: 2 where a suspicion is confirmed on fresh seeds, else 1.
        cells: every cell that both sides have.
        absent: what one side lacks, a sentence each; no regression.
        notes: what to know of the whole.
    """

    base: str
    head: str
    gates: Gates
    confidence: float
    looks: int
    cells: tuple[CellVerdict, ...] = ()
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def regressed(self) -> bool:
        """Something is held to be worse."""
        return any(cell.regressions for cell in self.cells)
