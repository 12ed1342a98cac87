"""What this machine can time honestly: what it is, how busy it is, and how well two equal runs agree on it."""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scipy.special import stdtrit

from mfbench import availability
from mfbench.occupancy import busy_seconds
from mfbench.statistics import CONFIDENCE, log_ratio_interval

PAIRS = 30
"""Pairs of equal runs, interleaved."""

RUN_SECONDS = 0.05
"""Length of one run, about; long against the clock's steps and a scheduler's slice."""

POWER = 1.645
"""Standard errors beyond the interval's end at which a slowdown is seen 19 times in 20 (normal quantile)."""

SLEEPS, SLEEP = 100, 1e-3
FORKS = 20
WRITES, WRITTEN = 20, b"x" * 4096

SYSTEM = Path("/sys")


@dataclass(frozen=True)
class Agreement:
    """Two equal pieces of work, run by turns.

    Args:
        ratio: of their wall seconds, geometric mean over the pairs; 1 if they agree.
        low, high: its interval at the confidence of rankings, Student's, paired.
        visible: the smallest slowdown, 0.1 for 10 %, that as many pairs show 19 times in 20.
        spread: standard deviation of a pair's logarithmic ratio.
        processor: processor seconds per wall second while they ran; 1 if nothing else had the core.
    """

    ratio: float
    low: float
    high: float
    visible: float
    spread: float
    processor: float

    @property
    def holds(self) -> bool:
        """The interval contains 1: the two were not told apart."""
        return self.low <= 1.0 <= self.high


def cores() -> tuple[int, int, float | None]:
    """Cores of the machine, cores that this process may use, and the quota of its control group in cores."""
    return os.cpu_count() or 1, len(os.sched_getaffinity(0)), quota()


def quota(system: Path = SYSTEM) -> float | None:
    """Cores that the control group grants (cgroup v2, else v1); None: no limit, or none that can be read."""
    groups = system / "fs" / "cgroup"
    try:
        granted, period = (groups / "cpu.max").read_text().split()
        return None if granted == "max" else int(granted) / int(period)
    except (OSError, ValueError):
        pass
    try:
        granted = (groups / "cpu" / "cpu.cfs_quota_us").read_text()
        period = (groups / "cpu" / "cpu.cfs_period_us").read_text()
        return int(granted) / int(period) if int(granted) > 0 else None
    except (OSError, ValueError):
        return None


def governors(system: Path = SYSTEM) -> tuple[str, ...]:
    """How the cores choose their frequency ("performance" is steady); () where the system does not tell."""
    files = system.glob("devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    found = set()
    for file in files:
        try:
            found.add(file.read_text().strip())
        except OSError:
            continue
    return tuple(sorted(found))


def clock_step(now: Callable[[], float] = time.perf_counter) -> float:
    """Smallest step that the clock of trials was seen to take, seconds."""
    smallest = math.inf
    for _ in range(1000):
        before = after = now()
        while after == before:
            after = now()
        smallest = min(smallest, after - before)
    return smallest


def oversleep() -> tuple[float, float]:
    """Median and 99 % quantile of the seconds by which a sleep of one millisecond is late."""
    late = []
    for _ in range(SLEEPS):
        before = time.perf_counter()
        time.sleep(SLEEP)
        late.append(time.perf_counter() - before - SLEEP)
    return statistics.median(late), sorted(late)[math.ceil(0.99 * SLEEPS) - 1]


def fork_seconds() -> float:
    """Median seconds of a fork and exit of a process with what is loaded here."""
    seconds = []
    for _ in range(FORKS):
        before = time.perf_counter()
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        seconds.append(time.perf_counter() - before)
    return statistics.median(seconds)


def sync_seconds(folder: Path) -> float:
    """Median seconds of writing a small file and waiting until it is on the disk.

    Args:
        folder: the results folder, or the nearest one above it that is there.

    Raises:
        OSError: it cannot be written to.
    """
    while not folder.is_dir():
        folder = folder.absolute().parent
    seconds = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(WRITES):
            before = time.perf_counter()
            file.write(WRITTEN)
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - before)
    return statistics.median(seconds)


def occupied(seconds: float = 0.5) -> float | None:
    """Cores' worth of work of everything else during so many seconds of waiting; None where the kernel is silent."""
    everything = sorted(os.sched_getaffinity(0))
    before, own = busy_seconds(everything), time.process_time()
    time.sleep(seconds)
    after, own = busy_seconds(everything), time.process_time() - own
    return None if before is None or after is None else max(0.0, after - before - own) / seconds


def frameworks() -> dict[str, str]:
    """Installed version of every framework that bundled plugins use, and of the numeric core."""
    names = ("numpy", "scipy", "jax", "torch", "scikit-fem")
    return {name: version for name in names if (version := availability.installed_version(name)) is not None}


def work(loops: int) -> float:
    """A piece of work of a fixed length that no library shortens."""
    total = 0.0
    for i in range(loops):
        total += math.sqrt(i)
    return total


def equal_runs(pairs: int = PAIRS, seconds: float = RUN_SECONDS) -> Agreement:
    """Time two equal pieces of work by turns, the order changing from pair to pair.

    Args:
        pairs: at least two.
        seconds: length of one, about.
    """
    loops, took = 1000, 0.0
    while took < seconds:
        loops *= 2
        took = _timed(loops)
    loops = max(1000, int(loops * seconds / took))
    first: list[float] = []
    second: list[float] = []
    began, used = time.perf_counter(), time.process_time()
    for number in range(pairs):
        for kept in (first, second) if number % 2 else (second, first):
            kept.append(_timed(loops))
    wall, used = time.perf_counter() - began, time.process_time() - used
    return agreement(first, second, used / wall)


def _timed(loops: int) -> float:
    before = time.perf_counter()
    work(loops)
    return time.perf_counter() - before


def agreement(first: list[float], second: list[float], processor: float = 1.0) -> Agreement:
    """How well the seconds of two equal works agree, paired.

    Args:
        first, second: seconds > 0, at least two of each.
        processor: see `Agreement`.
    """
    ratios = [math.log(b) - math.log(a) for a, b in zip(first, second, strict=True)]
    low, high = log_ratio_interval(second, first)
    spread = statistics.stdev(ratios)
    reach = float(stdtrit(len(ratios) - 1, (1.0 + CONFIDENCE) / 2.0)) + POWER
    return Agreement(
        ratio=math.exp(statistics.fmean(ratios)),
        low=math.exp(low),
        high=math.exp(high),
        visible=math.expm1(reach * spread / math.sqrt(len(ratios))),
        spread=spread,
        processor=processor,
    )
