"""A short run of a solver that looks at its manners: in a child, like a trial, but with another clock.

The clock that the solver sees does not read the time: it goes on by a fixed amount with every point that is
counted and every time it is asked. So two probes with one seed must do exactly the same, also where a solver plans by
the time that is left. What was found is written down at every checkpoint that is looked at, so that it
can be read after any kind of death.
"""

from __future__ import annotations

import math
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mfbench.confinement import end_copy
from mfbench.counting.counter import Counter, counted, settle
from mfbench.effort import plain_work
from mfbench.evaluation import BATCH, evaluate, rows
from mfbench.order import Order, Probe
from mfbench.points import read_points
from mfbench.preparation import Prepared, checked, prepared
from mfbench.solver import Checkpoint, Context, Diverged

FILE = "probe"
"""Name of the findings in the trial's folder."""

SECONDS_PER_POINT = 2e-5
"""More than a grid costs per node, so that a solver that refines as time allows does so here, but not for long."""
SECONDS_PER_READING = 1e-4

MANY_YIELDS = 64
LEAST_YIELDS = 3
MOST_YIELDS = 4096
ENOUGH_SECONDS, CPU_SECONDS = 2.0, 12.0
"""A probe ends with a yield after so many CPU seconds from the solver's start: there were many yields, or some at least."""

VALUES = 64
"""Points at which solutions are compared."""

ALIKE = 1e-6
"""What values of one point may differ by, from one batch to the next."""


class Glance(msgspec.Struct, kw_only=True):
    """A checkpoint that was looked at.

    Args:
        counted, reported: evaluations until then; None: it reports none.
        each: evaluations that `evaluate` asks for at each point it is given; not among the counted ones.
        values: of the solution at some of the judge's points, NaN as None.
    """

    counted: int
    reported: int | None
    each: int
    values: list[float | None]


class Manners(msgspec.Struct, kw_only=True):
    """What a probe found out.

    Args:
        yields: number of checkpoints.
        start: wall seconds until the third of them was there, or until the end where there were fewer.
        ended: "" (it died), "finished" (by itself), "stopped" (by the probe), or the error that it raised.
        gaps: CPU seconds between one checkpoint and the next.
        glances: at the checkpoints 1, 2, 4, 8, ... and the last, by their number.
        evaluates: the first checkpoint whose `evaluate` is not that of the first one; 0: none.
        moved: values of an early checkpoint that were others when the run had gone on, the first one's number; 0: none.
        random: global random states that are no longer what they were.
        foreign: kinds of arrays that nobody can count.
        crowded: the first checkpoint whose values depend on the other points that are asked about; 0: none.
        altered: what was changed in place of what the solver was given.
    """

    yields: int = 0
    start: float = 0.0
    ended: str = ""
    gaps: list[float] = []
    glances: dict[int, Glance] = {}
    evaluates: int = 0
    moved: int = 0
    random: list[str] = []
    foreign: list[str] = []
    crowded: int = 0
    altered: list[str] = []

    @property
    def raised(self) -> bool:
        """The solver ended by an error; to say that an iteration diverged is none."""
        return self.ended not in ("", "finished", "stopped") and not self.ended.startswith("Diverged")


class CountingClock:
    """Seconds that go on with what was counted and with every reading."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._readings = 0

    def seconds(self) -> float:
        """The reading; waits for what is still being computed."""
        settle()
        self._readings += 1
        return SECONDS_PER_READING * self._readings + SECONDS_PER_POINT * self._counter.points


def run_probe(order: Order, probe: Probe) -> None:
    """Run the solver of an order for a while and write down what was found."""
    manners, process = Manners(), os.getpid()

    def keep() -> None:
        end_copy(process)
        _write(Path(order.folder) / FILE, manners)

    try:
        ready = prepared(order)
        looks = read_points(order.points).looks
        points = looks[:: max(1, len(looks) // VALUES)][:VALUES]
        set_random_states(probe.salt)
        _watch(order, probe, ready, points, manners, keep)
    except Diverged as error:
        manners.ended = f"Diverged: {error}"
    except (Exception, SystemExit) as error:  # a stranger's code
        traceback.print_exc()
        manners.ended = (f"{type(error).__name__}: {error}".splitlines() or [""])[0]
    keep()


def _watch(
    order: Order,
    probe: Probe,
    ready: Prepared,
    points: np.ndarray,
    manners: Manners,
    keep: Callable[[], None],
) -> None:
    counter = Counter()
    clock = CountingClock(counter)
    context = Context(
        seed=order.solver_seed,
        device=order.device,
        threads=len(order.cores),
        budget=order.budget,
        elapsed=clock.seconds,
    )
    before = random_states()
    problem = counted(ready.problem, counter) if probe.counts else ready.problem
    given = arrays_of(problem)

    def look(checkpoint: Checkpoint) -> tuple[list[float | None], int]:
        """Values at the points, and evaluations for each of them, which are not the solver's work so far."""
        settle()
        so_far = counter.points
        found = evaluate(checkpoint, points)
        settle()
        asked, counter.points = counter.points - so_far, so_far
        values = [float(value) if math.isfinite(value) else None for value in found]
        return values, math.ceil(asked / rows(points))

    def glance(checkpoint: Checkpoint) -> None:
        settle()
        so_far, reported = counter.points, plain_work(checkpoint.work).get("evaluations")
        values, each = look(checkpoint)
        manners.glances[manners.yields] = Glance(counted=so_far, reported=reported, each=each, values=values)
        manners.foreign = sorted(counter.foreign)
        so_far = counter.points
        crowded, scribbled = other_company(checkpoint, points, values)
        settle()
        counter.points = so_far
        manners.crowded = manners.crowded or (manners.yields if crowded else 0)
        now = arrays_of(problem)
        altered = [f"the problem's {name}" for name in given if now.get(name) != given[name]]
        manners.altered = sorted(
            {*manners.altered, *altered, *(["the points of `evaluate`"] if scribbled else [])}
        )
        manners.random = sorted(
            name for name, state in random_states().items() if before.get(name, state) != state
        )
        keep()

    def look_back() -> None:
        for number, checkpoint in seen.items():
            if not manners.moved and look(checkpoint)[0] != manners.glances[number].values:
                manners.moved = number
        keep()

    seen: dict[int, Checkpoint] = {}
    first: Checkpoint | None = None
    latest: Checkpoint | None = None
    entered, began = time.perf_counter(), time.process_time()
    resumed = began
    for latest in ready.checkpoints(context, problem):
        checked(latest, ready.run)
        manners.yields += 1
        if manners.yields > 1:
            manners.gaps.append(time.process_time() - resumed)
        first = first or latest
        if not manners.evaluates and latest.evaluate != first.evaluate:
            manners.evaluates = manners.yields
        if manners.yields <= LEAST_YIELDS:
            manners.start = time.perf_counter() - entered
        if manners.yields & (manners.yields - 1) == 0:
            glance(latest)
            look_back()
            if manners.yields <= LEAST_YIELDS:
                seen[manners.yields] = latest
        used = time.process_time() - began
        late = used > CPU_SECONDS and manners.yields >= LEAST_YIELDS
        late = late or (used > ENOUGH_SECONDS and manners.yields >= MANY_YIELDS)
        if late or manners.yields >= MOST_YIELDS:
            manners.ended = "stopped"
            break
        resumed = time.process_time()
    else:
        manners.ended = "finished"
        if manners.yields < LEAST_YIELDS:
            manners.start = time.perf_counter() - entered
    if latest is not None and manners.yields not in manners.glances:
        glance(latest)
    look_back()


def arrays_of(problem: Any) -> dict[str, bytes]:
    """What the arrays hold that are a problem's fields."""
    found = {field.name: getattr(problem, field.name) for field in fields(problem)}
    return {name: value.tobytes() for name, value in found.items() if isinstance(value, np.ndarray)}


def other_company(
    checkpoint: Checkpoint, points: np.ndarray, values: list[float | None]
) -> tuple[bool, bool]:
    """Whether values at the points are others with the first point behind them, not the last; whether the batch was changed.

    The points stay where they are in a batch of one shape, so that nothing compiles anew and sums keep their order.
    """
    batch = np.concatenate([points, np.repeat(points[:1], max(0, BATCH - len(points)), axis=0)])
    kept = batch.copy()
    found = np.array(checkpoint.evaluate(checkpoint.state, batch), float)[: len(points)]
    known = np.array(values, float)
    found[~np.isfinite(found)] = np.nan  # as a glance keeps them
    crowded = not np.allclose(known, found, rtol=ALIKE, atol=ALIKE, equal_nan=True)
    return crowded, not np.array_equal(batch, kept, equal_nan=True)


def set_random_states(salt: int) -> None:
    """Put every global random state where no other probe has it."""
    random.seed(salt)
    np.random.seed(salt)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(salt)


def random_states() -> dict[str, bytes]:
    """The global random states of the libraries that are loaded, by name."""
    found = {"random": repr(random.getstate()).encode()}
    drawn = np.random.get_state(legacy=False)
    found["numpy.random"] = repr([drawn[key] for key in ("gauss", "has_gauss")]).encode()
    found["numpy.random"] += drawn["state"]["key"].tobytes() + repr(drawn["state"]["pos"]).encode()
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = torch.get_rng_state().numpy().tobytes()
    return found


def _write(file: Path, manners: Manners) -> None:
    part = file.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(manners))
    part.replace(file)


def read_manners(folder: Path) -> Manners:
    """What a probe wrote before it ended; nothing if it got nowhere."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Manners)
    except (OSError, msgspec.MsgspecError):
        return Manners()
