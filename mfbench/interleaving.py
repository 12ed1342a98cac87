"""Trials of two installations in turn, each by its side's own interpreter, one at a time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mfbench.pairing import Pairing
from mfbench.record import Record, Spec, Status
from mfbench.request import BadRequest
from mfbench.sides import Side, environment, last_words
from mfbench.store import UNREADABLE, decode_record

ENDLESS = 120.0
"""Seconds beyond a trial's limit after which its interpreter is given up."""

POLL = 0.02


class Stopped(Exception):
    """The user wants to stop."""


@dataclass
class Runner:
    """Runs trials in turn: base head, head base, base head, ...

    Args:
        base, head: the sides.
        rounds: how often each seed is run on each of them.
        folder: a temporary one.
        stopping: becomes true when the user wants to stop.
    """

    base: Side
    head: Side
    rounds: int
    folder: Path
    stopping: Callable[[], bool]

    def look(self, cell: Pairing, seeds: Iterable[int]) -> tuple[list[Record], list[Record]]:
        """The records of a cell on both sides, in the order of running."""
        base: list[Record] = []
        head: list[Record] = []
        for seed in seeds:
            for number in range(self.rounds):
                turns = [(self.base, cell.base[seed], base), (self.head, cell.head[seed], head)]
                for side, spec, records in reversed(turns) if number % 2 else turns:
                    records.append(self.run(side, spec))
        return base, head

    def run(self, side: Side, spec: Spec) -> Record:
        """One trial by a side's interpreter.

        Raises:
            BadRequest: it leaves no record that can be read.
            Stopped: the user stopped it.
        """
        source, target = self.folder / "spec.json", self.folder / "record.json"
        source.write_bytes(msgspec.json.encode(spec))
        target.unlink(missing_ok=True)
        failed = f"{side.name}: {side.given} leaves no record of a trial"
        with (self.folder / "said").open("w+b") as said:
            process = subprocess.Popen(
                [side.python, "-m", "mfbench.trial", str(source), str(target)],
                cwd=self.folder, env=environment(), stdout=said, stderr=said,
            )  # fmt: skip
            deadline = time.monotonic() + spec.limits.wall(spec.cell.budget) + ENDLESS
            try:
                while process.poll() is None:
                    if self.stopping():
                        raise Stopped
                    if time.monotonic() > deadline:
                        raise BadRequest(f"{failed}: it did not end.")
                    time.sleep(POLL)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
            try:
                record = decode_record(target)
            except UNREADABLE as error:
                said.seek(0)
                words = last_words(said.read().decode(errors="replace"))
                raise BadRequest(f"{failed}: {error} {words}") from error
        if record.status is Status.INTERRUPTED:
            raise Stopped
        return record
