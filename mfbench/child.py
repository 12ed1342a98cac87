"""The child's side of a trial: builds the problem, drives the solver, reads the clock that is scored.

Everything it achieves goes to its journal; it writes nothing else that counts.
"""

from __future__ import annotations

import os
import resource
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mfbench import confinement
from mfbench.clock import MOST_MILESTONES, Clock, Schedule
from mfbench.effort import plain_reports, plain_work
from mfbench.evaluation import ChangedState, evaluate, gradient, probe, same
from mfbench.journal import Began, Ended, JournalWriter, Seen, Setup
from mfbench.order import Order
from mfbench.points import read_points
from mfbench.preparation import checked, prepared
from mfbench.probe import run_probe
from mfbench.solver import Checkpoint, Context, Diverged

SECOND_LIMIT = 1.0
"""Seconds after the limit at which the child ends itself, should the host not have killed it."""

MEMORY_WORDS = ("can't allocate memory", "RESOURCE_EXHAUSTED", "bad_alloc", "out of memory", "Out of memory")
"""How frameworks say in other exceptions that memory ran out."""

MOST_WORDS = 500
"""Characters of a sentence."""

FAREWELL = b"farewell"
"""Said by a child that came to its end and leaves no process behind: nobody need look for any, or wait for it."""

_decode = msgspec.json.Decoder(Order).decode
"""Made once in the fork server, not in every child."""


@dataclass(frozen=True)
class Held:
    """A checkpoint as it stood at its forced clock reading.

    Args:
        checkpoint: what was yielded.
        seconds: the reading.
        forced: the values by which it was forced.
        work, reports: copies, since a solver may go on with the same ones.
    """

    checkpoint: Checkpoint
    seconds: float
    forced: np.ndarray
    work: dict[str, Any]
    reports: dict[str, Any]

    @classmethod
    def at(cls, seconds: float, checkpoint: Checkpoint, forced: np.ndarray) -> Held:
        """Hold a checkpoint."""
        return cls(checkpoint, seconds, forced, dict(checkpoint.work), dict(checkpoint.reports))


def main(pipe: Connection) -> None:
    """Wait for an order, run that trial and leave the process at once, without running exit handlers.

    Args:
        pipe: the order comes out of it, as JSON, and the farewell goes into it. If it is closed before there was an
            order, there is nothing to do.
    """
    try:
        confinement.own_group()
        confinement.die_with_host()
        confinement.release_server()
        confinement.adopt_orphans()
        try:
            order = _decode(pipe.recv_bytes())
        except EOFError:
            os._exit(0)
        confinement.redirect_output(Path(order.folder))
        confinement.end_after(order.limit + SECOND_LIMIT)
        os.chdir(order.folder)
        confinement.take_device(order.gpu)
        threads = confinement.take_cores(order.cores)
        confinement.limit_memory(order.memory_mb)
        memory = confinement.reset_peak_memory()
        journal = JournalWriter(Path(order.journal))
        journal.append(Began(threads=threads, start_memory_mb=memory))
        if order.probe is None:
            Trial(order, journal, memory).run()
        else:
            run_probe(order, order.probe)
    except BaseException:
        confinement.finish_words()
        print_traceback()
        os._exit(1)
    confinement.finish_words()
    if not confinement.has_children():
        with suppress(OSError):  # a solver may have closed whatever it found open
            pipe.send_bytes(FAREWELL)
    os._exit(0)


def said(error: BaseException) -> str:
    """What an exception says, as text that a document can hold; a stranger's may fail to say anything."""
    try:
        return str(error).encode(errors="backslashreplace").decode()
    except Exception as failure:
        return f"(no message: {type(failure).__name__})"


def print_traceback() -> None:
    """Write the exception that is handled to standard error, whatever a solver made of `sys.stderr`."""
    with suppress(Exception):
        os.write(2, traceback.format_exc().encode(errors="backslashreplace"))


class Trial:
    """One run of a solver on a problem, and its bookkeeping."""

    def __init__(self, order: Order, journal: JournalWriter, start_memory_mb: float) -> None:
        self._process = os.getpid()
        self._order = order
        self._journal = journal
        self._memory = start_memory_mb
        self._inquiry = read_points(order.points)
        Path(order.points.path).unlink()  # a solver should not come across it
        self._clock = Clock()
        self._held: Held | None = None
        self._milestones = 0

    def run(self) -> None:
        """Solve until the end or the budget, and say in the journal how it ended."""
        try:
            how, sentence = self._solve()
            confinement.end_copy(self._process)
            if self._held is not None:
                with self._clock.paused():
                    self._see(self._held, final=True)
        except Diverged as error:
            how, sentence = "diverged", " ".join(said(error).split()) or "said so without a sentence"
        except BaseException as error:
            print_traceback()
            text = said(error)
            ran_out = isinstance(error, MemoryError) or any(word in text for word in MEMORY_WORDS)
            how, name = "memory" if ran_out else "error", type(error).__name__
            sentence = f"{name}: {text}".splitlines()[0] if text else name
        confinement.end_copy(self._process)
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        self._journal.append(
            Ended(
                how=how,
                sentence=sentence[:MOST_WORDS],
                seconds=self._clock.seconds(),
                seconds_evaluate=self._clock.paused_seconds,
                seconds_cpu=sum(usage.ru_utime + usage.ru_stime for usage in used),
                peak_memory_mb=confinement.peak_memory_mb(self._memory),
            )
        )

    def _start(self) -> Iterator[Checkpoint]:
        order = self._order
        ready = prepared(order)
        # Importing and building are the host's; the clock starts where the solver does.
        self._clock = Clock()
        context = Context(
            seed=order.solver_seed,
            device=order.device,
            threads=len(order.cores),
            budget=order.budget,
            elapsed=self._clock.seconds,
        )
        return ready.checkpoints(context)

    def _solve(self) -> tuple[str, str]:
        order, checkpoints = self._order, self._start()
        clock, schedule = self._clock, Schedule(order.budget)
        latest: Checkpoint | None = None
        for latest in checkpoints:
            checked(latest, order.run)
            seconds = clock.seconds()
            if seconds <= order.budget:
                if not (latest.milestone or schedule.force_due(seconds)):
                    continue
                confinement.end_copy(self._process)
                forced = probe(latest, self._inquiry.looks)
                seconds = clock.seconds()
                if self._held is None:
                    self._journal.append(Setup(seconds=seconds))
            if seconds > order.budget:
                return "stopped", f"stopped at a yield after {seconds:.3g} s"
            self._held = Held.at(seconds, latest, forced)
            schedule.forced(seconds)
            if latest.milestone or schedule.look_due(seconds):
                with clock.paused():
                    self._see(self._held)
                schedule.looked(seconds)
            if clock.paused_seconds > order.evaluation_cap:
                return "stopped", f"stopped because evaluation took {clock.paused_seconds:.3g} s"
        if latest is not None and (self._held is None or latest is not self._held.checkpoint):
            forced = probe(latest, self._inquiry.looks)
            seconds = clock.seconds()
            if seconds <= order.budget:
                self._held = Held.at(seconds, latest, forced)
        return "finished", f"finished by itself after {clock.seconds():.3g} s"

    def _see(self, held: Held, final: bool = False) -> None:
        inquiry, checkpoint = self._inquiry, held.checkpoint
        self._milestones += checkpoint.milestone and not final
        if self._milestones > MOST_MILESTONES:
            raise ValueError(f"more than {MOST_MILESTONES} milestones; ask for fewer.")
        looks = evaluate(checkpoint, inquiry.looks)
        if not same(held.forced, looks[: len(held.forced)]):
            raise ChangedState(
                f"the state was changed in place after it was yielded at {held.seconds:.3g} s; yield a copy."
            )
        allowed = np.isfinite(looks) | (np.isneginf(looks) & self._order.logarithms)
        bad = int(np.count_nonzero(~allowed))
        if bad:
            time_text = f"{held.seconds:.3g} s"
            raise Diverged(f"{bad} of {len(looks)} values are NaN or infinite at {time_text}")
        finals = evaluate(checkpoint, inquiry.finals) if final else np.empty(0)
        gradients = gradient(checkpoint, inquiry.gradients, inquiry.step) if final else np.empty(0)
        self._journal.append(
            Seen(
                seconds=held.seconds,
                work=plain_work(held.work),
                reports=plain_reports(held.reports),
                looks=looks.astype("<f8").tobytes(),
                finals=finals.astype("<f8").tobytes(),
                gradients=gradients.astype("<f8").tobytes(),
                milestone=checkpoint.milestone,
                differences=final and checkpoint.gradient is None,
            )
        )
