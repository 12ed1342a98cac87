"""The words of a trial in files: cell, spec, record. Plain data; JSON through msgspec.

JSON has no infinity: a number that is `None` where a float is expected was not finite
(an error that is infinite, a target that was not reached).
"""

from __future__ import annotations

import enum
import math
from typing import Annotated, Any

import msgspec

from mfbench.names import ENTRY_NAME, PROBLEM_NAME

SCHEMA = 1
"""Version of the record document; a reader refuses a newer one."""

PROTOCOL = 1
"""Version of the rules under which a trial is run and timed; part of the key."""


LONGEST_BUDGET = 365 * 86400.0
"""Seconds; a year. The timer that ends a child cannot count to arbitrary times."""

MOST_MEMORY_MB = 2**40
"""In units of 2^20 bytes: what the system can count, with room to spare."""

Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,64}\Z")]
"""64 hexadecimal digits as `provenance.key` gives them; part of a file's name, so never a path."""

Name = Annotated[str, msgspec.Meta(pattern=rf"^{ENTRY_NAME.pattern}\Z")]
"""A document whose names are none was not written by a host, and could lead out of its folder."""


class Status(enum.StrEnum):
    """Whatever became of a trial. All but the last two are final."""

    OK = "ok"
    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    CRASHED = "crashed"
    ERROR = "error"
    UNSUPPORTED = "unsupported"
    INTERRUPTED = "interrupted"

    @property
    def final(self) -> bool:
        """A trial with this status is not run again by the same command."""
        return self not in (Status.UNSUPPORTED, Status.INTERRUPTED)

    @property
    def alarming(self) -> bool:
        """A record with this status makes the exit code 1."""
        return self in (Status.CRASHED, Status.ERROR, Status.OUT_OF_MEMORY)


class Cell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was asked for; parameters are canonical, that is with defaults filled in.

    Args:
        task: the task's name.
        problem: entry name, "task/family".
        problem_parameters: all parameters of the problem.
        solver: entry name.
        solver_parameters: all parameters of the solver.
        seed: number of the repetition, 0, 1, 2, ...
        device: device class, "cpu" or "cuda".
        budget: seconds for set-up and solving.
    """

    task: Name
    problem: Annotated[str, msgspec.Meta(pattern=rf"^{PROBLEM_NAME.pattern}\Z")]
    problem_parameters: dict[str, Any]
    solver: Name
    solver_parameters: dict[str, Any]
    seed: Annotated[int, msgspec.Meta(ge=0)]
    device: Name
    budget: Annotated[float, msgspec.Meta(gt=0, le=LONGEST_BUDGET)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a trial may use.

    Args:
        threads: cores.
        memory_mb: memory (2^20 bytes) beyond that of the child's start.
        grace: wall seconds beyond 1.25 x budget and evaluation before the child is killed.
        evaluation: seconds that evaluation may take at least; half the budget if that is more.
    """

    threads: Annotated[int, msgspec.Meta(ge=1)] = 1
    memory_mb: Annotated[int, msgspec.Meta(ge=1, le=MOST_MEMORY_MB)] = 8192
    grace: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_BUDGET)] = 10.0
    evaluation: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_BUDGET)] = 20.0

    def evaluation_cap(self, budget: float) -> float:
        """Seconds that evaluation may take in a trial; it is not the solver's time."""
        return max(self.evaluation, 0.5 * budget)

    def wall(self, budget: float) -> float:
        """Wall seconds after which the child is killed."""
        return 1.25 * budget + self.grace + self.evaluation_cap(budget)


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that `run_trial` needs, as a document.

    Args:
        key: identifies what is run (see `provenance.key`).
        cell: what was asked for.
        limits: cores and memory.
        plugins: paths of plugin files to load beside the installed plugins.
        protocol: must equal `PROTOCOL`.
    """

    key: Key
    cell: Cell
    limits: Limits = Limits()
    plugins: tuple[str, ...] = ()
    protocol: int = PROTOCOL


class Metric(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A metric's value as stored; see `tasks.judging.Score`. None: not finite."""

    value: float | None
    floor: float = 0.0
    standard_error: float | None = None
    signed: float | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One point of the error curve.

    Args:
        seconds: clock reading, set-up included, evaluation excluded.
        error: the headline metric; None where it is not finite.
        work: counted effort so far.
        milestone: the solver asked for this look; its values are a row of the array "milestones", in the same order.
    """

    seconds: float
    error: float | None
    work: dict[str, int] = {}
    milestone: bool = False


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a trial used: seconds by purpose, processor seconds, memory, threads as measured.

    `seconds_cpu` are the child's and its children's, evaluation included; `seconds_others` is what anything else used
    of the trial's cores meanwhile (another virtual machine, too); the loads are the system's averages over one minute.
    """

    seconds_setup: float | None = None
    seconds_solve: float | None = None
    seconds_evaluate: float | None = None
    seconds_wall: float | None = None
    seconds_cpu: float | None = None
    seconds_others: float | None = None
    peak_memory_mb: float | None = None
    threads: int | None = None
    load_start: float | None = None
    load_end: float | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept of one trial, whatever became of it.

    Args:
        key, cell, limits: of the spec.
        status: what became of it; `sentence` says it in words.
        headline: name of the metric that ranks; `metrics` maps names to values.
        curve: headline error against seconds, in the order of time; its last point is scored.
        targets: the problem's targets, largest first.
        seconds_to_target, work_to_target: target (as text, repr of the float) -> seconds
            (evaluations) at which the curve first reaches it; None: not reached.
        work: counted effort at the scored checkpoint.
        reports: what the solver said of itself there.
        judge: hash of the judge that computed the metrics.
        points: hash of the points at which the scored values were taken; "" where there are none.
        code: hashes of the code behind "problem" and "solver", as in the key.
        versions, machine: what it ran on.
        started: ISO 8601, UTC.
        control: the solver learns nothing.
        differences: the gradients behind the metrics are central differences, since the solution offers none; None: no
            gradient was asked for, or (an older record) nobody wrote it down.
        stderr: the last lines that the child wrote to standard error.
        arrays: name of the .npz beside the record with the scored values; None if there is none.
    """

    key: Key
    cell: Cell
    limits: Limits
    status: Status
    sentence: str
    started: str
    headline: str
    metrics: dict[str, Metric] = {}
    curve: list[Look] = []
    targets: list[float] = []
    seconds_to_target: dict[str, float | None] = {}
    work_to_target: dict[str, int | None] = {}
    work: dict[str, int] = {}
    reports: dict[str, float] = {}
    usage: Usage = Usage()
    judge: str = ""
    points: str = ""
    code: dict[str, str] = {}
    versions: dict[str, str] = {}
    machine: dict[str, str] = {}
    control: bool = False
    differences: bool | None = None
    stderr: str = ""
    arrays: str | None = None
    schema: int = SCHEMA
    protocol: int = PROTOCOL

    @property
    def error(self) -> float | None:
        """The headline error at the budget; None when there is none or it is not finite."""
        metric = self.metrics.get(self.headline)
        return None if metric is None else metric.value

    @property
    def scored(self) -> bool:
        """The trial counts with its error: it is ok and has one (None then means infinite)."""
        return self.status is Status.OK and self.headline in self.metrics


def finite(value: float | None) -> float | None:
    """The value as documents hold it: a Python float, None where it is not finite."""
    return float(value) if value is not None and math.isfinite(value) else None
