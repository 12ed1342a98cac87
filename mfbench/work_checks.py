"""Whether a solver's reported work is true: what a separate, untimed run counted, kept beside the records.

`<folder>/work/TASK/SOLVER/HASH.json`, one document per solver, parameters and code: a check says nothing of
another code or of other parameters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mfbench.labels import canonical
from mfbench.record import Name
from mfbench.store import UNREADABLE
from mfbench.strangers import read_file
from mfbench.whole_files import write_document

if TYPE_CHECKING:
    from mfbench.bundles import Shared

FOLDER = "work"
HONEST = 0.9
"""Share of what was counted that a solver must report."""

FREE_EACH = 1
"""Evaluations at each point that an answer may ask for without a word: exp(-beta V) is one of its factors, say."""

MOST_EACH = 512
"""Evaluations at each point that a formula takes, such as a line integral, or a path back to the initial law."""

MOST_BYTES = 1_000_000
"""A longer document was not written by this module."""


class WorkCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What a solver reported and what was counted.

    Args:
        task, solver, solver_parameters: whose work.
        code: hash of the solver's code, as in its records.
        problem, problem_parameters: on which it was tried.
        reported: evaluations at the last checkpoint; 0 if it reports none.
        counted: evaluations until then; None: they cannot be counted.
        each: evaluations that `evaluate` asks for at each point, at most.
    """

    task: Name
    solver: Name
    solver_parameters: dict[str, Any]
    code: str
    problem: str
    problem_parameters: dict[str, Any]
    reported: int
    counted: int | None
    each: int = 0

    @property
    def honest(self) -> bool:
        """Not found to report less than it should, or to leave work to its `evaluate`."""
        return not self.evades and (self.counted is None or self.reported >= HONEST * self.counted)

    @property
    def evades(self) -> bool:
        """Its `evaluate` asks for more than any formula takes."""
        return self.each > MOST_EACH

    @property
    def word(self) -> str:
        """ "counted", "understated", "deferred" where `evaluate` asks for more, or "reported" where nobody could count."""
        if not self.honest:
            return "understated"
        if self.each > FREE_EACH:
            return "deferred"
        return "reported" if self.counted is None else "counted"


Whose = tuple[str, str, str, str]
"""Task, solver, canonical parameters, hash of the code."""


def whose(check: WorkCheck) -> Whose:
    """What a check is about."""
    return check.task, check.solver, canonical(check.solver_parameters), check.code


def keep(folder: Path, check: WorkCheck) -> Path:
    """Write a check into a results folder, in the place of an earlier one; returns the file."""
    name = hashlib.sha256(canonical(whose(check)).encode()).hexdigest()[:16]
    path = folder / FOLDER / check.task / check.solver / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_document(path, msgspec.json.format(msgspec.json.encode(check)))
    return path


def read_checks(folders: Iterable[Path]) -> dict[Whose, WorkCheck]:
    """The checks in some results folders; what is broken or foreign counts for nothing."""
    found = {}
    for folder in folders:
        for path in sorted((folder / FOLDER).glob("*/*/*.json")):
            try:
                check = msgspec.json.decode(read_file(path, MOST_BYTES), type=WorkCheck)
            except UNREADABLE:
                continue
            found[whose(check)] = check
    return found


def work_word(trials: Iterable[Shared], checks: Mapping[Whose, WorkCheck]) -> str:
    """What is known of the work that these trials of one contender report.

    "understated" if it is of any of them, else "deferred" likewise, "counted" if it is of all, else "reported".
    """
    known = set()
    for shared in trials:
        cell = shared.cell
        key = (cell.task, cell.solver, canonical(cell.solver_parameters), shared.code.get("solver", ""))
        known.add(checks[key].word if key in checks else "reported")
    for word in ("understated", "deferred"):
        if word in known:
            return word
    return "counted" if known == {"counted"} else "reported"
