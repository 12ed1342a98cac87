"""Scale: a results folder of many records, loaded and ranked; and what one more record costs.

Makes records like those of real trials (twelve metrics, a curve of thirty looks, five targets): 40 problems, 25
contenders, 100 seeds for the 100,000 by default. Prints the seconds, wall and processor, of `mfbench rank DIR` in a
process of its own, without and with an index, and of a reading of every document. Then writes records by turns
into this folder and into an empty one: the ratio of the medians says what the 100,001st costs beside the first.

Usage: python benchmarks/scale.py [RECORDS [FOLDER]]
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from mfbench.provenance import machine
from mfbench.record import Cell, Limits, Look, Metric, Record, Status, Usage
from mfbench.store import RECORDS, Store

PROBLEMS, SOLVERS = 40, 25
TARGETS = (0.1, 0.01, 1e-3, 1e-4, 1e-5)
METRICS = (
    "wrmse",
    "rmse",
    "skill",
    "mae",
    "max",
    "logit",
    "rate_slab",
    "rate_flux",
    "energy",
    "auc",
    "brier",
    "ece",
)
LOOKS = 30
MORE = 200
"""Records by which the cost of one more is measured, in each of the two folders."""


def made(problem, solver, seed, generator):
    """One record, its numbers drawn."""
    level = 10 ** -(solver % 5 + generator.normal(0.0, 0.3))
    times = np.geomspace(0.01, 60.0, LOOKS)
    errors = np.maximum(level, 0.5 * times**-0.5)
    curve = [
        Look(seconds=float(t), error=float(e), work={"evaluations": int(1e4 * t), "samples": int(1e3 * t)})
        for t, e in zip(times, errors, strict=True)
    ]
    reached = {target: next((look for look in curve if look.error <= target), None) for target in TARGETS}
    status = Status.TIMEOUT if generator.random() < 0.02 else Status.OK
    metrics = {
        name: Metric(value=level * (1 + k), floor=1e-7, standard_error=level / 50)
        for k, name in enumerate(METRICS)
    }
    return Record(
        key=f"{problem:04x}{solver:04x}{seed:08x}" + "0" * 48,
        cell=Cell(
            task="committor",
            problem=f"committor/family-{problem % 20}",
            problem_parameters={"dim": 10 * (1 + problem // 20), "temperature": 0.2, "rotated": True},
            solver=f"solver-{solver}",
            solver_parameters={"width": 128, "learning_rate": 1e-3, "batch": 512, "sampler": "umbrella", "windows": 12},
            seed=seed,
            device="cpu",
            budget=60.0,
        ),
        limits=Limits(),
        status=status,
        sentence="stopped at a yield after 60 s; scored as it stood at 59.9 s",
        started="2026-01-01T00:00:00+00:00",
        headline="wrmse",
        metrics=metrics if status is Status.OK else {},
        curve=curve,
        targets=list(TARGETS),
        seconds_to_target={repr(t): None if look is None else look.seconds for t, look in reached.items()},
        work_to_target={repr(t): None if look is None else look.work["evaluations"] for t, look in reached.items()},
        work={"evaluations": 600_000, "samples": 60_000},
        reports={"rate": 1e-3, "rate_error": 1e-5, "exits": 0.0},
        usage=Usage(
            seconds_setup=5.0, seconds_solve=55.0, seconds_evaluate=2.0, seconds_wall=63.0, seconds_cpu=62.0,
            peak_memory_mb=300.0, threads=1, load_start=1.0, load_end=1.0,
        ),
        judge="a" * 64,
        points="d" * 64,
        code={"problem": "b" * 64, "solver": "c" * 64},
        versions={"python": "3.11.9", "numpy": "2.1.0", "scipy": "1.15.0", "jax": "0.5.3", "optax": "0.2.4"},
        machine=machine(),
    )  # fmt: skip


def fill(folder, number):
    """Write so many records, not one by one as a host does: without waiting for the disk."""
    generator, store = np.random.default_rng(0), Store(folder)
    seeds = -(-number // (PROBLEMS * SOLVERS))
    left = number
    for problem in range(PROBLEMS):
        for solver in range(SOLVERS):
            for seed in range(min(seeds, left)):
                record = made(problem, solver, seed, generator)
                path = store.path(record.cell, record.key)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))
            left -= min(seeds, left)


def timed(*command):
    """Wall and processor seconds of a command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def one_more(folder):
    """Median seconds of writing one record into a full folder and into an empty one, by turns."""
    generator = np.random.default_rng(1)
    seconds = {"full": [], "empty": []}
    with tempfile.TemporaryDirectory(dir=folder.parent) as other:
        stores = {"full": Store(folder), "empty": Store(Path(other))}
        for number in range(MORE):
            record = made(0, 0, 10**6 + number, generator)
            for name in sorted(stores, reverse=bool(number % 2)):
                began = time.perf_counter()
                stores[name].write(record)
                seconds[name].append(time.perf_counter() - began)
        for number in range(MORE):
            record = made(0, 0, 10**6 + number, generator)
            stores["full"].path(record.cell, record.key).unlink()
    return {name: statistics.median(some) for name, some in seconds.items()}


def main(number, folder):
    if not (folder / RECORDS).is_dir():
        fill(folder, number)
    print(f"{sum(len(files) for _, _, files in os.walk(folder / RECORDS))} records")
    reading = (
        "import sys, pathlib; from mfbench.store import Store; Store(pathlib.Path(sys.argv[1])).read_all()"
    )
    rank = ("-m", "mfbench", "rank", str(folder), "--format", "csv")
    for name, command in (
        ("every document read", ("-c", reading, str(folder))),
        ("rank, no index yet", rank),
        *[("rank", rank)] * 3,
    ):
        print("{}: {:.2f} s wall, {:.2f} s of processor".format(name, *timed(*command)), flush=True)
    cost = one_more(folder)
    print(f"one more record: {1e3 * cost['full']:.2f} ms, the first: {1e3 * cost['empty']:.2f} ms, "
          f"ratio {cost['full'] / cost['empty']:.2f}")  # fmt: skip


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if len(sys.argv) > 2:
        main(wanted, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(wanted, Path(temporary) / "results")
