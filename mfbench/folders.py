"""Base and head as folders of records: what carries over between machines, and seconds only where it is one machine.

There is no second look, so the intervals are wider than those of `ab`, Student's as in a league. Accuracy is the error at
equal counted work: a faster machine gets further in the same seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mfbench.caveats import listed, machine_named
from mfbench.compare import Rules, confidence_of, counted, read_at_equal_work, read_cell, silence
from mfbench.gates import Gates
from mfbench.labels import canonical, label
from mfbench.newest import newest_records
from mfbench.record import Record, Status
from mfbench.request import BadRequest
from mfbench.statistics import LEAST_SEEDS, student_interval
from mfbench.verdict import CellVerdict, Verdict

OTHER_MACHINES = "the sides ran on different machines, whose seconds are not comparable"

Question = tuple[str, ...]
"""What must agree: problem, solver, their parameters, device."""


@dataclass(frozen=True)
class Match:
    """Records of one cell on both sides, seeds apart."""

    base: list[Record]
    head: list[Record]

    @property
    def name(self) -> str:
        """For sentences."""
        cell = self.head[0].cell
        return f"{label(cell.problem, cell.problem_parameters)} {label(cell.solver, cell.solver_parameters)}"

    @property
    def one_machine(self) -> bool:
        """All of it ran on one machine that is known by its fingerprint."""
        records = (*self.base, *self.head)
        return (
            all(r.machine.get("fingerprint") for r in records)
            and len({machine_named(r.machine) for r in records}) == 1
        )


def match(base: Iterable[Record], head: Iterable[Record]) -> tuple[list[Match], list[str]]:
    """The cells that both sides have run, and sentences on those that one lacks.

    Cells of equal budgets are matched; where there are none, those of the largest budgets: work is counted alike in both.
    """
    ours, theirs = _by_question(base), _by_question(head)
    matches = []
    for question in sorted(ours.keys() & theirs.keys()):
        mine, others = ours[question], theirs[question]
        shared = sorted(mine.keys() & others.keys())
        budgets = [(budget, budget) for budget in shared] or [(max(mine), max(others))]
        matches += [Match(mine[one], others[other]) for one, other in budgets]
    absent = []
    for side, only in (("base", ours.keys() - theirs.keys()), ("head", theirs.keys() - ours.keys())):
        if only:
            absent.append(f"only in {side}: {listed([f'{key[0]} {key[2]}' for key in sorted(only)], 5)}")
    return matches, absent


def _by_question(records: Iterable[Record]) -> dict[Question, dict[float, list[Record]]]:
    found: dict[Question, dict[float, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for trials in counted(newest_records(records)).values():
        for record in trials:
            cell = record.cell
            parameters = canonical(cell.problem_parameters), canonical(cell.solver_parameters)
            found[cell.problem, parameters[0], cell.solver, parameters[1], cell.device][cell.budget].append(
                record
            )
    return found


def judge_folders(
    names: tuple[str, str], base: Iterable[Record], head: Iterable[Record], gates: Gates
) -> Verdict:
    """The verdict on two folders.

    Args:
        names: of the folders.
        base, head: their records.
        gates: what is a regression.

    Raises:
        BadRequest: no cell in common, or a gate on seconds of different machines.
    """
    matches, absent = match(base, head)
    if not matches:
        raise BadRequest(
            f"{names[0]} and {names[1]} have no cell in common: {'; '.join(absent) or 'no trial ran'}."
        )
    elsewhere = [one.name for one in matches if not one.one_machine]
    if gates.cost is not None and elsewhere:
        raise BadRequest(
            f"--fail-on: a gate on cost compares seconds, but {OTHER_MACHINES} ({listed(elsewhere)}); gate accuracy "
            "alone, or use `mfbench ab`, which runs both sides here."
        )
    confidence = confidence_of(gates.count * len(matches), 1)
    return Verdict(
        base=names[0],
        head=names[1],
        gates=gates,
        confidence=confidence,
        looks=1,
        cells=tuple(_judge(one, gates, confidence) for one in matches),
        absent=tuple(absent),
    )


def _judge(one: Match, gates: Gates, confidence: float) -> CellVerdict:
    silent = silence(one.base, one.head)
    base, head = counted(one.base), counted(one.head)
    notes = []
    if not one.one_machine:
        silent["cost"] = OTHER_MACHINES
        late = [seed for seed in base.keys() & head.keys() if head[seed][0].status is Status.TIMEOUT]
        if late:  # a matter of seconds: it says nothing where the machine is another
            head = {seed: trials for seed, trials in head.items() if seed not in late}
            notes.append(f"left out: {len(late)} seeds that ran out of time on head's machine")
    reading = read_cell(base, head, Rules(gates, confidence, student_interval, read_at_equal_work, silent))
    if len(reading.pairs) < LEAST_SEEDS:
        notes.append(f"fewer than {LEAST_SEEDS} common seeds: status alone can fail")
    cells = one.base[0].cell, one.head[0].cell
    if cells[0].budget != cells[1].budget:
        notes.append(f"budgets differ: {cells[0].budget:g} s and {cells[1].budget:g} s")
    return CellVerdict(
        task=cells[1].task,
        problem=cells[1].problem,
        problem_parameters=cells[1].problem_parameters,
        solver=cells[1].solver,
        parameters=cells[1].solver_parameters,
        device=cells[1].device,
        budgets=(cells[0].budget, cells[1].budget),
        first=reading,
        regressions=reading.suspects,
        notes=tuple(notes),
    )
