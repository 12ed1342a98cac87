"""The records of results folders as rankings need them: a sequence of summaries that is kept in bundles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np

from mfbench.bundles import Bundle, Rows
from mfbench.bundling import Summary, bundles_of, summary
from mfbench.record import Record


class Summaries(Sequence[Summary]):
    """Summaries in the order of their places; each is made when it is asked for.

    Args:
        bundles: the records; no two have one place.
    """

    def __init__(self, bundles: Iterable[Bundle]) -> None:
        self.bundles = [bundle for bundle in bundles if len(bundle)]

    @classmethod
    def of(cls, records: Iterable[Record]) -> Summaries:
        """Records that are at hand; what already is `Summaries` is returned as it is."""
        return records if isinstance(records, cls) else cls(bundles_of(records))

    @cached_property
    def places(self) -> Rows:
        """(n,) ascending."""
        return self._where[0]

    @cached_property
    def _where(self) -> tuple[Rows, Rows, Rows]:
        """Of every record its place, the number of its bundle and its row there, in the order of places."""
        sizes = [len(bundle) for bundle in self.bundles]
        places = np.concatenate([np.empty(0, np.intp), *(bundle.places for bundle in self.bundles)])
        numbers = np.repeat(np.arange(len(sizes)), sizes)
        rows = np.concatenate([np.empty(0, np.intp), *(np.arange(size) for size in sizes)])
        order = np.argsort(places)
        return places[order], numbers[order], rows[order]

    def __len__(self) -> int:
        return sum(map(len, self.bundles))

    @overload
    def __getitem__(self, number: int) -> Summary: ...
    @overload
    def __getitem__(self, number: slice) -> list[Summary]: ...
    def __getitem__(self, number: int | slice) -> Summary | list[Summary]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        _, bundles, rows = self._where
        bundle: Bundle = self.bundles[int(bundles[number])]
        return summary(bundle, int(rows[number]))

    def __iter__(self) -> Iterator[Summary]:
        return (self[number] for number in range(len(self)))

    def keys(self) -> list[str]:
        """The records' keys, in order."""
        keys = np.empty(len(self), object)
        for bundle in self.bundles:
            keys[np.searchsorted(self.places, bundle.places)] = [own.key for own in bundle.own]
        found: list[str] = keys.tolist()
        return found

    def only(self, numbers: Sequence[int]) -> Summaries:
        """Some of them, given by their numbers in this order."""
        if len(numbers) == len(self):
            return self
        wanted = np.zeros(len(self), bool)
        wanted[numbers] = True
        places = self.places[wanted]
        return Summaries(
            bundle.take(np.flatnonzero(np.isin(bundle.places, places))) for bundle in self.bundles
        )

    @classmethod
    def joined(cls, parts: Sequence[Summaries]) -> Summaries:
        """Several, one after the other."""
        bundles, before = [], 0
        for part in parts:
            bundles += [
                bundle.moved(before + np.searchsorted(part.places, bundle.places)) for bundle in part.bundles
            ]
            before += len(part)
        return cls(bundles)
