"""What a study reads from, and leaves in, a results folder beside the records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mfbench.record import Record
from mfbench.report import pictures
from mfbench.report.studies import document
from mfbench.store import UNREADABLE, Store
from mfbench.studies.findings import Findings
from mfbench.studies.gathering import Solution
from mfbench.whole_files import write_document


def answers_in(store: Store) -> Solution:
    """Reads the scored values of records from a store: those at the judge's points for looks, (m,)."""

    def answer(record: Record) -> np.ndarray | None:
        try:  # the document names its arrays; a record that has just been made does not know them yet
            return store.arrays(store.fetch(record.cell, record.key)).get("looks")
        except UNREADABLE:
            return None

    return answer


def keep(findings: Findings, folder: Path) -> Iterator[str]:
    """Write NAME.json and the pictures; says what was written, a line each.

    Raises:
        OSError: read-only folder, full disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{findings.study}.json"
    write_document(path, document(findings))
    yield f"Findings: {path}"
    try:
        for suffix, picture in pictures.draw(findings).items():
            path = folder / f"{findings.study}.{suffix}"
            write_document(path, picture)
            yield f"Picture: {path}"
    except pictures.NoPicture as error:
        yield str(error)
