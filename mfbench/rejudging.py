"""Records of an earlier judge, judged anew from their stored values: nothing is run again.

What is stored are the values of the scored checkpoint, so its metrics can be made anew. The earlier points of a
curve cannot. They stand where the judge of today gives the scored checkpoint the very headline error that the record
has; otherwise the curve is that point alone, and when the trial reached its targets is no longer known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from mfbench import points, scoring
from mfbench.bundles import Shared
from mfbench.bundling import bundles_of
from mfbench.closure import code_hash
from mfbench.judges import judge_of
from mfbench.record import Look, Record, finite
from mfbench.registry import Registry
from mfbench.solver import ProblemEntry
from mfbench.store import UNREADABLE, Store, decode_record
from mfbench.strangers import read_arrays
from mfbench.summaries import Summaries
from mfbench.tasks.judging import Answers, Judge

ARCHIVE_BYTES = 2**16
"""What the headers of the stored arrays may take beside their numbers."""


class CannotJudge(Exception):
    """A record that stays as its earlier judge left it, and why."""


@dataclass
class Retrial:
    """What became of records before the judges of today.

    Args:
        records: all of them, in their order.
        anew: those that were judged anew.
        moved: how many of these have another headline error now.
        refused: why some keep the metrics of an earlier judge -> how many.
    """

    records: list[Record] = field(default_factory=list)
    anew: list[Record] = field(default_factory=list)
    moved: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def sentences(self) -> list[str]:
        """What a reader of the tables must know of it; empty if no judge has changed."""
        found = []
        if self.anew:
            found.append(
                f"{len(self.anew)} records were judged anew from their stored values, since their judge has changed; "
                f"{self.moved} have another error now, and no times to targets."
            )
        for reason, number in sorted(self.refused.items()):
            found.append(f"{number} records keep the errors of an earlier judge: {reason}.")
        return found


def judge_anew(records: Iterable[tuple[str | Path, Record]], registry: Registry) -> Retrial:
    """Have those records judged anew whose problem is known here and has another judge now.

    Args:
        records: each with the path of its document, beside which its values lie.
        registry: of the problems whose judges are asked.
    """
    retrial = Retrial()
    for path, record in records:
        problem = _judged_otherwise(record, registry)
        if problem is None:
            retrial.records.append(record)
            continue
        try:
            fresh = judged_anew(_whole(Path(path)), Path(path), problem)
        except CannotJudge as error:
            retrial.refused[str(error)] += 1
            retrial.records.append(record)
            continue
        retrial.moved += fresh.error != record.error
        retrial.anew.append(fresh)
        retrial.records.append(fresh)
    return retrial


def summaries_anew(
    summaries: Summaries, paths: Sequence[str], registry: Registry
) -> tuple[Summaries, Retrial]:
    """The same of summaries, of which there may be very many: those that stay as they are are not looked at.

    Args:
        summaries: records with the places 0, 1, ...
        paths: of their documents, in this order.
        registry: as above.

    Returns:
        all of them, fresh ones in the places of those that they replace; and what became of those whose judge has
        changed.
    """
    changed = [bundle for bundle in summaries.bundles if _judged_otherwise(bundle.shared, registry)]
    places = sorted(place for bundle in changed for place in bundle.places.tolist())
    retrial = judge_anew([(paths[place], summaries[place]) for place in places], registry)
    stay = [bundle for bundle in summaries.bundles if bundle not in changed]
    return Summaries([*stay, *bundles_of(retrial.records, places)]), retrial


def _judged_otherwise(trial: Record | Shared, registry: Registry) -> ProblemEntry | None:
    """The problem, if it is known and its judge is another one than made the trial's errors."""
    problem = registry.problems.get(trial.cell.problem)
    if problem is None or not trial.scored or trial.judge == code_hash(problem.judge, problem.parameters):
        return None
    return problem


def _whole(path: Path) -> Record:
    """The record of a document, of which there may have been a summary only."""
    try:
        return decode_record(path)
    except UNREADABLE as error:
        raise CannotJudge(f"their documents cannot be read again: {error}") from error


def judged_anew(record: Record, path: Path, problem: ProblemEntry) -> Record:
    """The record with the metrics of the problem's present judge.

    Raises:
        CannotJudge: it does not say where its values were taken, or elsewhere than the judge asks now, or the
            values are missing, or the judge cannot be made.
    """
    if not record.points:
        raise CannotJudge("they do not say at which points their values were taken; run them again")
    try:
        judge = judge_of(problem, record.cell.problem_parameters, record.cell.seed)
    except Exception as error:  # a stranger's record asks for it
        text = f"the judge of {problem.name} cannot be made: {type(error).__name__}: {error}"
        raise CannotJudge(text) from error
    if points.fingerprint(judge.inquiry) != record.points:
        raise CannotJudge(
            "their values were taken at other points than the judge asks for now; run them again"
        )
    inquiry = judge.inquiry
    looks = 1 + sum(look.milestone for look in record.curve)
    size = 8 * (looks * len(inquiry.looks) + len(inquiry.finals) + inquiry.gradients.size)
    try:
        arrays = read_arrays(path.with_suffix(".npz"), size + ARCHIVE_BYTES)
        metrics = scoring.metrics_of(stored_answers(arrays, record, judge), judge)
        milestones = milestones_anew(arrays, record, judge)
    except Exception as error:  # whatever a stranger's file holds, or a judge makes of it
        text = f"the values beside them cannot be judged: {type(error).__name__}: {error}"
        raise CannotJudge(text) from error
    fresh = msgspec.structs.replace(
        record,
        judge=code_hash(problem.judge, problem.parameters),
        headline=judge.headline_name,
        sentence=scoring.remarked(record.sentence, record.cell.task, metrics),
        metrics=metrics,
    )
    if fresh.metrics.get(fresh.headline) == record.metrics[record.headline]:
        seconds, work = scoring.first_reached(record.curve, problem.targets, judge.floor)
        targets = [float(target) for target in problem.targets]
        return msgspec.structs.replace(fresh, targets=targets, seconds_to_target=seconds, work_to_target=work)
    # Values of other looks are not kept.
    last = [
        Look(seconds=look.seconds, error=fresh.error, work=look.work)
        for look in record.curve[-1:]
        if not look.milestone
    ]
    return msgspec.structs.replace(
        fresh, curve=milestones + last, targets=[], seconds_to_target={}, work_to_target={}
    )


def milestones_anew(arrays: Mapping[str, np.ndarray], record: Record, judge: Judge) -> list[Look]:
    """The looks that the solver asked for, with their errors by this judge.

    Raises:
        ValueError: their values are not stored, or have another shape.
    """
    looks = [look for look in record.curve if look.milestone]
    rows, expected = arrays.get("milestones", np.empty((0, 0))), (len(looks), len(judge.inquiry.looks))
    if looks and rows.shape != expected:
        raise ValueError(f"milestones of shape {rows.shape}; expected {expected}.")
    with np.errstate(all="ignore"):
        errors = [finite(judge.headline(row).value) for row in rows[: len(looks)]]
    return [
        Look(seconds=look.seconds, error=error, work=look.work, milestone=True)
        for look, error in zip(looks, errors, strict=True)
    ]


def stored_answers(arrays: Mapping[str, np.ndarray], record: Record, judge: Judge) -> Answers:
    """Stored values in the shapes of the judge's inquiry.

    Raises:
        ValueError: they have other shapes.
    """
    inquiry = judge.inquiry
    expected = {
        "looks": (len(inquiry.looks),),
        "finals": (len(inquiry.finals),),
        "gradients": inquiry.gradients.shape,
    }
    for name, shape in expected.items():
        if name in arrays and arrays[name].shape != shape:
            raise ValueError(f"{name} of shape {arrays[name].shape}; expected {shape}.")
    return Answers(
        looks=np.asarray(arrays["looks"], np.float64),
        finals=arrays.get("finals"),
        gradients=arrays.get("gradients"),
        reports=record.reports,
    )


def judge_and_keep(records: Iterable[Record], store: Store, registry: Registry) -> Retrial:
    """Have records of a results folder judged anew, and write those down that were.

    Raises:
        OSError: read-only folder, full disk.
    """
    retrial = judge_anew(((store.path(record.cell, record.key), record) for record in records), registry)
    for record in retrial.anew:
        store.write(record, store.arrays(record))
    return retrial
