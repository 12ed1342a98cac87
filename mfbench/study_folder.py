"""What a study reads from, and leaves in, a results folder beside the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mfbench.record import Record
from mfbench.report import pictures
from mfbench.report.studies import document
from mfbench.request import BadRequest
from mfbench.store import UNREADABLE, Store
from mfbench.studies.findings import Findings
from mfbench.studies.trays import Solution
from mfbench.whole_files import write_document


def answers_in(store: Store) -> Solution:
    """Reads the values of records from a store: those at the judge's points for looks, (m,)."""

    def answer(record: Record, clock: str, time: float | None) -> np.ndarray | None:
        try:  # the document names its arrays; a record that has just been made does not know them yet
            arrays = store.arrays(store.fetch(record.cell, record.key))
        except UNREADABLE:
            return None
        row = (
            arrays.get("looks") if time is None else milestone(record, arrays.get("milestones"), clock, time)
        )
        return (
            row if row is not None and row.ndim == 1 and row.size else None
        )  # a stranger's file has any shape

    return answer


def milestone(record: Record, rows: np.ndarray | None, clock: str, time: float) -> np.ndarray | None:
    """The row of the milestone at a time, (m,); None: there is none at this very time, or no values are left."""
    looks = [look for look in record.curve if look.milestone]
    if rows is None or rows.ndim != 2 or len(rows) != len(looks):
        return None
    found = [row for row, look in zip(rows, looks, strict=True) if look.work.get(clock) == time]
    return found[0] if found else None


def check_free(folder: Path, names: Sequence[str]) -> None:
    """Refuse, before anything runs, a folder that findings could not be written to.

    Raises:
        BadRequest: a file is where the folder has to be, or a folder where a document has to be.
    """
    if folder.exists() and not folder.is_dir():
        raise BadRequest(f"{folder} is a file; findings go to a folder of that name. Move it away.")
    for name in names:
        if (folder / f"{name}.json").is_dir():
            raise BadRequest(f"{folder / name}.json is a folder; findings are written there. Move it away.")


def keep(name: str, findings: Sequence[Findings], folder: Path) -> Iterator[str]:
    """Write STUDY.json for each study, and the pictures of all as NAME; says what was written, a line each.

    Raises:
        OSError: read-only folder, full disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for one in findings:
        path = folder / f"{one.study}.json"
        write_document(path, document(one))
        yield f"Findings: {path}"
    try:
        for suffix, picture in pictures.draw(findings).items():
            path = folder / f"{name}.{suffix}"
            write_document(path, picture)
            yield f"Picture: {path}"
    except pictures.NoPicture as error:
        yield str(error)
