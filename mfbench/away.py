"""Trials in other processes, on other machines: a JSON document out, a JSON document and arrays home.

An engine (see `placement.ExecutorEntry`) carries calls there and answers back; it is given no object of a plugin.
Records are written by the host alone.
"""

from __future__ import annotations

import io
import os
import platform
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mfbench import availability
from mfbench.identity import key_here
from mfbench.placement import identity, unfit
from mfbench.record import Record, Spec, Status
from mfbench.stopping import never
from mfbench.trial import Result, blank, now, registry_of, run_trial

POLL = 0.1
"""Seconds between two looks whether the host wants to stop."""

Answer = tuple[bytes, bytes] | str
"""A record as JSON and its arrays as .npz (empty: none); or the reason why nothing was run."""


def carry_out(host: str, document: bytes, stopping: Callable[[], bool] = never) -> Answer:
    """Run a trial in this process, for a host elsewhere; never raises.

    Args:
        host: `identity()` of the host.
        document: the spec as JSON.
        stopping: becomes true when the host wants to stop or is no more.
    """
    reason = unfit(host)
    if reason is not None:
        return reason
    spec = msgspec.json.decode(document, type=Spec)
    try:
        reason = _refusal(spec)
    except (
        Exception
    ) as error:  # a plugin may raise when it is asked; the trial would end as an error of the solver
        reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        return f"not on {platform.node()}: {reason}"
    result = run_trial(spec, stopping)
    arrays = io.BytesIO()
    if result.arrays:
        np.savez(arrays, **result.arrays)  # type: ignore[arg-type]
    return msgspec.json.encode(result.record), arrays.getvalue()


def _refusal(spec: Spec) -> str | None:
    """Why a trial cannot be run in this process under its key; None if it can."""
    for file in spec.plugins:
        if not Path(file).is_file():
            return f"there is no plugin file {file}; put it where host and workers see it under one path"
    cell, registry = spec.cell, registry_of(spec.plugins)
    problem, solver = registry.problems.get(cell.problem), registry.solvers.get((cell.task, cell.solver))
    if problem is None or solver is None:
        broken = "; ".join(f"{one.origin}: {one.reason}" for one in registry.broken)
        return f"no {cell.solver if problem else cell.problem!r} is installed" + (broken and f" ({broken})")
    reason = availability.why_not(registry, problem, cell.problem_parameters, solver, cell.device)
    if reason is not None:
        return reason
    cores = len(os.sched_getaffinity(0))
    if spec.limits.threads > cores:
        return f"the trial wants {spec.limits.threads} cores; the worker may use {cores}"
    if key_here(cell, registry, spec.limits.threads) != spec.key:
        return (
            "its code or the versions of its packages are not those of the host, so that the result would bear a wrong "
            "key; install the same, and restart workers that are older than their code"
        )
    return None


def bring_home(spec: Spec, answer: Answer) -> Result:
    """The result of a trial that was run elsewhere.

    Raises:
        msgspec.MsgspecError, ValueError: it is no record, or that of another trial.
    """
    if isinstance(answer, str):
        return Result(blank(spec, now(), Status.UNSUPPORTED, answer))
    document, arrays = answer
    record = msgspec.json.decode(document, type=Record)
    if (record.key, record.cell) != (spec.key, spec.cell):
        raise ValueError(f"the answer is the record of {record.key[:20]}; expected that of {spec.key[:20]}.")
    if not arrays:
        return Result(record)
    with np.load(io.BytesIO(arrays), allow_pickle=False) as data:
        return Result(record, {name: data[name] for name in data.files})


class Away(Executor):
    """An engine's executor as a session uses it: takes trials, gives results, and is stopped with the host."""

    def __init__(self, engine: Executor) -> None:
        self._engine = engine
        self._out: dict[Future[Result], Spec] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._given_up = False
        self._stopping: Callable[[], bool] = never
        self._watch = threading.Thread(target=self._stop_with_host, name="mfbench-away", daemon=True)

    @property
    def jobs(self) -> int | None:
        """Trials at the same time, if the engine knows."""
        return getattr(self._engine, "jobs", None)

    def submit(  # type: ignore[override]
        self, run: Callable[..., Result], /, spec: Spec, stopping: Callable[[], bool], *ours: Any
    ) -> Future[Result]:
        """Send a trial.

        Args:
            run: `run_trial`, which stays here: its namesake over there is called.
            spec: what travels.
            stopping: becomes true when the host wants to stop; looked at here.
            ours: observers and other objects of this process, of which the other side knows nothing.
        """
        del run, ours
        future: Future[Result] = Future()
        with self._lock:
            if self._given_up:
                future.set_result(_interrupted(spec))
                return future
            self._stopping = stopping
            self._out[future] = spec
            if not self._watch.is_alive():
                self._watch.start()
        answer = self._engine.submit(carry_out, identity(), msgspec.json.encode(spec))
        answer.add_done_callback(lambda answer: self._settle(future, answer))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take leave of the engine; what still runs is given up if the host is stopping."""
        if cancel_futures or self._stopping():
            self._give_up()
        self._closed.set()
        self._engine.shutdown(wait and not self._given_up)

    def _settle(self, future: Future[Result], answer: Future[Answer]) -> None:
        with self._lock:
            spec = self._out.pop(future, None)
        if spec is None:  # given up
            return
        try:
            if answer.cancelled():
                future.set_result(
                    _interrupted(spec, "cancelled by its executor; perhaps the scheduler is gone")
                )
            else:
                future.set_result(bring_home(spec, answer.result()))
        except Exception as error:  # a worker that was lost, or an answer that is none
            future.set_exception(error)

    def _stop_with_host(self) -> None:
        while not self._closed.wait(POLL):
            if self._stopping():
                self._give_up()
                return

    def _give_up(self) -> None:
        with self._lock:
            self._given_up = True
            out, self._out = self._out, {}
        self._engine.shutdown(wait=False, cancel_futures=True)
        for future, spec in out.items():
            future.set_result(_interrupted(spec))


def _interrupted(spec: Spec, sentence: str = "interrupted with its host") -> Result:
    return Result(blank(spec, now(), Status.INTERRUPTED, sentence))
