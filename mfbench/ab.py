"""Two installations on one machine: trials interleaved, suspicions looked at twice.

Every seed of a cell is run in rounds, base head, head base, base head, ..., so that whatever drifts on the machine meets
both sides alike. A cell that seems to be worse is run again with fresh seeds, and is a regression only if it seems so again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from mfbench.caveats import listed
from mfbench.compare import Rules, confidence_of, counted, least_seeds, read_at_budget, read_cell, silence
from mfbench.gates import Gates
from mfbench.interleaving import Runner
from mfbench.pairing import Pairing, ask_both, pair_up
from mfbench.plan_document import Question
from mfbench.request import BadRequest, Request
from mfbench.statistics import bootstrap_interval
from mfbench.verdict import CellVerdict, Reading, Verdict

LOOKS = 2


def judge_sides(
    runner: Runner,
    request: Request,
    plugins: tuple[str, ...],
    gates: Gates,
    say: Callable[[str], None],
) -> Verdict:
    """Run all that is needed for a verdict.

    Args:
        runner: of the two sides.
        request: problems, solvers, budget, limits; `seeds` of each look.
        plugins: files that both sides load.
        gates: what is a regression.
        say: takes a line on every look at a cell.

    Raises:
        BadRequest: a side cannot run it, there is nothing to compare, or there are too few seeds for the gates.
        Stopped: the user stopped it.
    """
    base, head = runner.base, runner.head
    if base.protocol != head.protocol:
        raise BadRequest(
            f"base runs trials by protocol {base.protocol}, head by {head.protocol}: their seconds are no comparison."
        )
    seeds = request.seeds or 1
    question = Question(request=msgspec.structs.replace(request, seeds=LOOKS * seeds), plugins=plugins)
    *documents, notes = ask_both(base, head, question, runner.folder)
    cells, absent = pair_up(*documents)
    if not cells:
        raise BadRequest(
            f"no cell that both sides can run; {'; '.join(absent) or 'nothing fits the request'}"
        )
    tests = gates.count * len(cells)
    if gates.count and seeds < least_seeds(tests, LOOKS):
        raise BadRequest(
            f"seeds: got {seeds}; {len(cells)} cells with {gates.count} gates need at least "
            f"{least_seeds(tests, LOOKS)}, or equal sides would fail too often."
        )
    if base.package == head.package:
        notes.append("Both sides are the same installation.")
    confidence = confidence_of(tests, LOOKS)
    verdicts = []
    for number, cell in enumerate(cells, start=1):
        looks: list[Reading] = []
        for look in range(LOOKS):
            chosen = range(look * seeds, (look + 1) * seeds)
            mine, theirs = runner.look(cell, chosen)
            rules = Rules(gates, confidence, bootstrap_interval, read_at_budget, silence(mine, theirs))
            looks.append(read_cell(counted(mine), counted(theirs), rules))
            say(f"[{number}/{len(cells)}] {cell.name}, look {look + 1}: {_outcome(looks[-1])}")
            if not looks[-1].suspects:
                break
        verdicts.append(_verdict(cell, looks))
    return Verdict(
        base=base.words,
        head=head.words,
        gates=gates,
        confidence=confidence,
        looks=LOOKS,
        cells=tuple(verdicts),
        absent=tuple(absent),
        notes=tuple(notes),
    )


def _outcome(reading: Reading) -> str:
    return f"{' and '.join(reading.suspects)} seems worse" if reading.suspects else "nothing beyond a gate"


def _verdict(cell: Pairing, looks: Sequence[Reading]) -> CellVerdict:
    one, other = cell.base[0].cell, cell.head[0].cell
    confirmed = [what for what in looks[0].suspects if len(looks) > 1 and what in looks[1].suspects]
    notes = []
    changed = [
        name
        for name, value in other.solver_parameters.items()
        if one.solver_parameters.get(name, value) != value
    ]
    if changed:
        notes.append(f"defaults differ: {listed(changed)}")
    return CellVerdict(
        task=other.task,
        problem=other.problem,
        problem_parameters=other.problem_parameters,
        solver=other.solver,
        parameters=cell.typed,
        device=other.device,
        budgets=(one.budget, other.budget),
        first=looks[0],
        second=looks[1] if len(looks) > 1 else None,
        regressions=tuple(confirmed),
        notes=tuple(notes),
    )
