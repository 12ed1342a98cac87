"""Records in bundles: what many trials have in common stands once, their numbers in one array.

A ranking needs a few dozen numbers of every record, and an object for each costs more than all that is done with them. So
records that differ in the seed, in numbers and in a few texts alone are kept together: mostly the trials of one
contender on one problem that ended alike. `bundling` makes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from mfbench.labels import Contender, canonical
from mfbench.record import Cell, Limits, Status, Usage

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

USAGE: tuple[str, ...] = Usage.__struct_fields__

ERROR_ESTIMATE = "error_estimate"
"""The solver's own estimate of its error: of all that it reports the one thing that is looked at beside others' records."""

COLUMNS = ("floors", "values", "seconds_to_target", "work_to_target", "work", ERROR_ESTIMATE, *USAGE)
"""What stands in `Bundle.numbers`, in this order; `None` is infinite in the first four and NaN in the others."""


class Shared(msgspec.Struct, frozen=True, array_like=True):
    """What the records of a bundle have in common; the seed of the cell means nothing.

    `metrics`, `seconds_to_target`, `work_to_target` and `work` are the names in these mappings, in their order.
    """

    cell: Cell
    limits: Limits
    status: Status
    headline: str
    targets: list[float]
    judge: str
    points: str
    code: dict[str, str]
    versions: dict[str, str]
    machine: dict[str, str]
    control: bool
    differences: bool | None
    schema: int
    protocol: int
    metrics: tuple[str, ...]
    seconds_to_target: tuple[str, ...]
    work_to_target: tuple[str, ...]
    work: tuple[str, ...]

    @property
    def scored(self) -> bool:
        """Whether the trials count with their errors; see `Record.scored`."""
        return self.status is Status.OK and self.headline in self.metrics

    @property
    def columns(self) -> int:
        """Of `Bundle.numbers`."""
        return len(self.metrics) + len(self.outcomes) + len(self.spent)

    @property
    def outcomes(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of the columns of `Bundle.outcomes`."""
        kinds = ("metrics", self.metrics), ("seconds", self.seconds_to_target), ("cost", self.work_to_target)
        return tuple((kind, name) for kind, names in kinds for name in names)

    @property
    def spent(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of the columns of `Bundle.spent`."""
        kinds = ("work", self.work), ("told", (ERROR_ESTIMATE,)), ("usage", USAGE)
        return tuple((kind, name) for kind, names in kinds for name in names)


class Own(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is one record's own, beside its numbers."""

    seed: int
    key: str
    started: str
    sentence: str
    arrays: str | None


@dataclass(frozen=True, eq=False)
class Bundle:
    """Records that share much.

    Args:
        shared: what they share.
        places: (n,) numbers of the records among all of a reading.
        own: n texts and seeds.
        numbers: (n, columns) floors and values of the metrics, seconds and work to the targets, work, estimated error,
            usage: the columns of each in the order of the names. Infinite is what is None in a record because it is not
            finite or not reached, NaN what is None because nobody measured it.
    """

    shared: Shared
    places: Rows
    own: list[Own]
    numbers: Floats

    def __len__(self) -> int:
        return len(self.own)

    @cached_property
    def contender(self) -> Contender:
        """Who is ranked: the solver with its parameters."""
        return self.shared.cell.solver, canonical(self.shared.cell.solver_parameters)

    @cached_property
    def seeds(self) -> list[int]:
        """By row."""
        return [own.seed for own in self.own]

    @property
    def floors(self) -> Floats:
        """(n, metrics)."""
        return self.numbers[:, : len(self.shared.metrics)]

    @property
    def outcomes(self) -> Floats:
        """(n, metrics + targets + targets) values of the metrics, seconds and evaluations to the targets."""
        return self.numbers[:, len(self.shared.metrics) : -len(self.shared.spent)]

    @property
    def spent(self) -> Floats:
        """(n, kinds + 1 + entries of `Usage`) work, estimated error and usage."""
        return self.numbers[:, -len(self.shared.spent) :]

    def usage(self, name: str) -> Floats:
        """(n,) an entry of `Usage`."""
        return self.numbers[:, USAGE.index(name) - len(USAGE)]

    @property
    def errors(self) -> Floats:
        """(n,) headline errors at the budget; a failed trial counts as infinite."""
        if not self.shared.scored:
            return np.full(len(self), math.inf)
        return self.outcomes[:, self.shared.metrics.index(self.shared.headline)]

    def take(self, rows: Sequence[int] | Rows) -> Bundle:
        """The records of some rows, given in their order."""
        return Bundle(self.shared, self.places[rows], [self.own[row] for row in rows], self.numbers[rows])

    def moved(self, places: Rows) -> Bundle:
        """The same records with other numbers among all."""
        return replace(self, places=places)


def joined(bundles: Sequence[Bundle]) -> Bundle:
    """One bundle of several that share the same, in the order of places."""
    if len(bundles) == 1:
        return bundles[0]
    places = np.concatenate([bundle.places for bundle in bundles])
    own = [own for bundle in bundles for own in bundle.own]
    together = Bundle(bundles[0].shared, places, own, np.concatenate([bundle.numbers for bundle in bundles]))
    return together.take(np.argsort(places))
