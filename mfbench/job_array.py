"""Trials as files, for whatever runs `python -m mfbench.trial`: a cluster's job array, above all.

A folder holds `specs/1.json`, `specs/2.json`, ... and, once somebody has run them, `records/1.json` with its `.npz`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from mfbench.identity import is_accounted_for
from mfbench.record import Record, Spec, Status
from mfbench.store import MOST_RECORD, UNREADABLE, Store, decode_record
from mfbench.strangers import read_arrays, read_file

SPECS = "specs"
RECORDS = "records"


def write_specs(folder: Path, specs: Iterable[Spec]) -> None:
    """Number trials from 1, write each as a document, and make the folder for their records.

    Raises:
        OSError: the folder has trials already, or cannot be written to.
    """
    if any((folder / SPECS).glob("*")) or any((folder / RECORDS).glob("*")):
        raise FileExistsError(f"{folder} holds trials already; choose a new folder.")
    for name in (SPECS, RECORDS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, spec in enumerate(specs, start=1):
        (folder / SPECS / f"{number}.json").write_bytes(msgspec.json.encode(spec))


@dataclass
class Gathering:
    """What was found of a folder's trials.

    Args:
        records: those that were taken, by number.
        missing: numbers of trials without a record, or that were interrupted; they are to be run again.
        refused: files that were not taken, with the reason.
    """

    records: dict[int, Record] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)


def collect(folder: Path, store: Store) -> Gathering:
    """Bring the records of a folder's trials into a results folder; what is there already is not replaced by less.

    A record is taken if it is that of its spec, and if the code and versions that it names give its key: another
    machine may have another mfbench.

    Raises:
        OSError: the results folder cannot be written to.
    """
    gathering = Gathering()
    for number, file in _numbered(folder / SPECS):
        answer = folder / RECORDS / file.name
        if not answer.exists():
            gathering.missing.append(number)
            continue
        try:
            spec = msgspec.json.decode(read_file(file, MOST_RECORD), type=Spec)
            record = decode_record(answer)
            reason = _reason_against(record, spec)
            arrays = (
                read_arrays(answer.with_suffix(".npz"))
                if reason is None and record.arrays is not None
                else {}
            )
        except UNREADABLE as error:
            reason = str(error)
        if reason is not None:
            gathering.refused.append((answer, reason))
            continue
        gathering.records[number] = store.keep(record, arrays, store.read(record.cell, record.key))
        if record.status is Status.INTERRUPTED:
            gathering.missing.append(number)
    return gathering


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as job arrays take them.

    Examples:
        >>> ranges([1, 2, 3, 7, 9, 10])
        '1-3,7,9-10'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def _numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    files = {int(file.stem): file for file in folder.glob("*.json") if file.stem.isdecimal()}
    yield from sorted(files.items())


def _reason_against(record: Record, spec: Spec) -> str | None:
    """Why a record cannot stand for a spec; None if it can."""
    if (record.key, record.cell, record.limits) != (spec.key, spec.cell, spec.limits):
        return "it is the record of another trial"
    if not record.status.final:
        return None  # it counts for nothing, and is run again
    if not record.code:
        return f"it does not say which code ran ({record.status}: {record.sentence})"
    if not is_accounted_for(record):
        return "it was run by other code or with other versions of packages than its key stands for"
    return None
