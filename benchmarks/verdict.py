"""How often the verdict of `mfbench ab` is wrong: by simulation, and by real trials on this machine.

    python benchmarks/verdict.py simulate [--repetitions N] [--seeds S] [--rounds R] [--machine busy|calm]
    python benchmarks/verdict.py real [--repetitions N] [--seeds S] [--rounds R] [--case NAME] [--interpreters]

Cases: A against A, a slowdown of 30 %, and an error of twice the size. `simulate` draws records by a model: a trial
shares its core with 0, 1 or 2 other processes that come and go (chances .5, .3, .2 on the busy machine, .95, .05, 0 on the
calm one; each state lasts seconds), jitter of 3 %, and seeds whose error and cost scatter. `real` runs trials of
a numpy solver with the planted fault, in turn, as `ab` does; with `--interpreters` the whole command runs, else its trials
start from this process, which costs a tenth. Both print how many verdicts failed, with the 95 % interval (Clopper
and Pearson); `simulate` also the smallest slowdown that is seen in 19 of 20.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from mfbench.ab import LOOKS
from mfbench.compare import Rules, confidence_of, counted, read_at_budget, read_cell, silence
from mfbench.gates import read_gates
from mfbench.names import Selector
from mfbench.plan import make_plan
from mfbench.record import Cell, Limits, Look, Metric, Record, Status
from mfbench.request import Request
from mfbench.statistics import bootstrap_interval
from mfbench.trial import registry_of, run_trial

PLUGINS = tuple(
    str(Path(__file__).parent.parent / "tests" / "plugins" / f"{name}_plugin.py")
    for name in ("toy", "planted")
)
CASES = {"same": {}, "slowdown": {"slowdown": 1.3}, "loss": {"loss": 2.0}}
GATES = read_gates("accuracy=10%,cost=15%")
CELLS = 4
TRIAL = 0.3
"""Seconds of the planted solver's own work: a child's start, which no fault slows down, must be small beside it."""


@dataclasses.dataclass
class BusyCore:
    """Seconds that work takes on a core that others use now and then."""

    random: np.random.Generator
    others: tuple[float, ...] = (0.5, 0.3, 0.2)  # chances of 0, 1, 2 others
    dwell: float = 3.0
    jitter: float = 0.03
    left: float = 0.0
    crowd: int = 0

    def seconds(self, work):
        """Wall seconds of so many processor seconds."""
        need, wall = work * np.exp(self.jitter * self.random.standard_normal()), 0.0
        while need > 1e-12:
            if self.left <= 0.0:
                self.crowd = int(self.random.choice(len(self.others), p=self.others))
                self.left = self.random.exponential(self.dwell)
            step = min(need * (1 + self.crowd), self.left)
            need, wall, self.left = need - step / (1 + self.crowd), wall + step, self.left - step
        return wall


def drawn(seed, number, work, error, core):
    """A record whose error halves in steps of equal work."""
    cell = Cell(
        task="committor", problem="committor/line", problem_parameters={}, solver="planted", solver_parameters={},
        seed=seed, device="cpu", budget=10.0,
    )  # fmt: skip
    clock, curve = 0.0, []
    for step in range(13):
        clock += core.seconds(work / 13)
        curve.append(Look(seconds=clock, error=error + 0.2 * 0.5**step, work={"evaluations": step}))
    core.seconds(0.5)  # the interpreter between two trials
    return Record(
        key=f"{seed}-{number}", cell=cell, limits=Limits(), status=Status.OK, sentence="", started="", headline="wrmse",
        metrics={"wrmse": Metric(value=curve[-1].error)}, curve=curve,
    )  # fmt: skip


def simulated(random, slowdown=1.0, loss=1.0, fresh=0.0, crowded=True):
    """A runner of drawn trials; `fresh` is the scatter (log) between independent random streams of the two sides."""
    core = BusyCore(random) if crowded else BusyCore(random, others=(0.95, 0.05))

    def look(seeds, rounds):
        base, head = [], []
        for seed in seeds:
            errors = [1e-3 * np.exp(0.3 * random.standard_normal())] * 2
            errors = [error * np.exp(fresh * random.standard_normal()) for error in errors]
            work = 0.5 * np.exp(0.3 * random.standard_normal())
            for number in range(rounds):
                turns = [(base, work, errors[0]), (head, work * slowdown, errors[1] * loss)]
                for records, cost, error in turns[::-1] if number % 2 else turns:
                    records.append(drawn(seed, number, cost, error, core))
        return base, head

    return look


@cache
def passes():
    """Of the planted solver's array in a step, so that a trial solves for about `TRIAL` seconds on this machine."""
    block, least = np.linspace(0.0, 1.0, 20_000), np.inf
    for _ in range(50):
        began = time.perf_counter()
        for _ in range(20):
            np.tanh(block)
        least = min(least, (time.perf_counter() - began) / 20)
    return max(1, round(TRIAL / 24 / least))


def real(slowdown=1.0, loss=1.0, seeds=100):
    """A runner of real trials of the planted solver, started from this process."""
    sides, work = [], {"passes": passes()}
    for parameters in (work, work | {"slowdown": slowdown, "loss": loss}):
        request = Request(
            problems=(Selector("committor/line", {}),), solvers=(Selector("planted", parameters),), seeds=seeds, budget=20.0
        )  # fmt: skip
        sides.append(make_plan(request, registry_of(PLUGINS), 1, PLUGINS).specs)

    def look(chosen, rounds):
        base, head = [], []
        for seed in chosen:
            for number in range(rounds):
                turns = [(base, sides[0][seed]), (head, sides[1][seed])]
                for records, spec in turns[::-1] if number % 2 else turns:
                    records.append(run_trial(spec).record)
        return base, head

    return look


def verdict(look, seeds, rounds, gates=GATES, cells=1):
    """What is confirmed to be worse, as `ab` decides, and the readings.

    With several cells each is looked at by itself; the confidence is that of all of them.
    """
    confidence = confidence_of(gates.count * cells, LOOKS)
    readings, confirmed = [], None
    for number in range(LOOKS):
        base, head = look(range(number * seeds, (number + 1) * seeds), rounds)
        rules = Rules(gates, confidence, bootstrap_interval, read_at_budget, silence(base, head))
        readings.append(read_cell(counted(base), counted(head), rules))
        suspects = set(readings[-1].suspects)
        confirmed = suspects if confirmed is None else confirmed & suspects
        if not confirmed:
            break
    return confirmed, readings


def rate(failed, total):
    """ "3 of 20 [3.2 %, 37.9 %]"."""
    interval = binomtest(failed, total).proportion_ci(0.95)
    return f"{failed} of {total} [{100 * interval.low:.1f} %, {100 * interval.high:.1f} %]"


def simulate(repetitions, seeds, rounds, machine):
    """Suites of `CELLS` cells; A against A in every cell, faults in one cell."""
    crowded, random = machine == "busy", np.random.default_rng(0)
    print(
        f"{machine} machine, {CELLS} cells, {seeds} seeds x {rounds} rounds, accuracy +10 %, cost +15 %; failed verdicts:"
    )

    def fails(**fault):
        return bool(verdict(simulated(random, crowded=crowded, **fault), seeds, rounds, cells=CELLS)[0])

    for fresh in (0.0, 0.3):
        failed = sum(any(fails(fresh=fresh) for _ in range(CELLS)) for _ in range(repetitions))
        streams = "independent" if fresh else "equal"
        print(f"  same, random streams {streams}: {rate(failed, repetitions)}", flush=True)
    for name, fault in (("slowdown 30 %", {"slowdown": 1.3}), ("error x 2", {"loss": 2.0})):
        print(f"  {name}: {rate(sum(fails(**fault) for _ in range(repetitions)), repetitions)}", flush=True)
    print(
        f"  smallest slowdown seen in 19 of 20: {smallest(seeds, rounds, crowded, repetitions)}", flush=True
    )


def smallest(seeds, rounds, crowded, repetitions):
    """By bisection on a grid of 5 %."""
    low, high = 3, 40
    while low < high:
        middle, random = (low + high) // 2, np.random.default_rng(1)
        look = [simulated(random, slowdown=1 + middle / 20, crowded=crowded) for _ in range(repetitions)]
        found = sum("cost" in verdict(one, seeds, rounds, cells=CELLS)[0] for one in look)
        low, high = (low, middle) if found >= 0.95 * repetitions else (middle + 1, high)
    return f"{5 * low} %" if low < 40 else "above 200 %"


def in_process(name, seeds, rounds):
    """One verdict of trials started from this process."""
    look = real(**CASES[name])
    return verdict(look, seeds, rounds)


def by_interpreters(name, seeds, rounds):
    """One run of the whole command; returns what it holds to be worse."""
    with tempfile.TemporaryDirectory() as folder:
        sides = []
        for side, fault in (("base", {}), ("head", CASES[name])):
            file = Path(folder, side)
            plants = "".join(f" MFBENCH_PLANTED_{key.upper()}={value}" for key, value in fault.items())
            path = os.environ.get("PYTHONPATH", "")
            file.write_text(f'#!/bin/sh\nexec env PYTHONPATH="{path}"{plants} {sys.executable} "$@"\n')
            file.chmod(0o755)
            sides.append(str(file))
        plugins = [word for plugin in PLUGINS for word in ("--plugin", plugin)]
        solver = f"planted[passes={passes()}]"
        done = subprocess.run(
            [sys.executable, "-m", "mfbench", "ab", *sides, *plugins, "-p", "line", "-s", solver, "--budget", "20s",
             "--seeds", str(seeds), "--rounds", str(rounds), "--fail-on", "accuracy=10%,cost=15%", "--format", "json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr)
        document = json.loads(done.stdout)
        assert document["regressed"] == bool(done.returncode)
        return set(document["cells"][0]["regressions"]), []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("simulate", "real"))
    parser.add_argument("--repetitions", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--machine", choices=("busy", "calm"), default="busy", help="of the simulation")
    parser.add_argument("--case", choices=tuple(CASES), action="append")
    parser.add_argument("--interpreters", action="store_true")
    chosen = parser.parse_args()
    if chosen.what == "simulate":
        simulate(chosen.repetitions or 200, chosen.seeds, chosen.rounds, chosen.machine)
        return
    once = by_interpreters if chosen.interpreters else in_process
    total = chosen.repetitions or 20
    for name in chosen.case or CASES:
        failed, began = 0, time.monotonic()
        for number in range(total):
            found, readings = once(name, chosen.seeds, chosen.rounds)
            failed += bool(found)
            cost = [(r.cost.ratio, r.cost.low, r.cost.high) for r in readings if r.cost]
            words = "; ".join(f"{a:.2f} [{b:.2f}, {c:.2f}]" for a, b, c in cost)
            load = os.getloadavg()[0]
            print(
                f"  {name} {number + 1}: {sorted(found) or 'passes'}; cost {words}; load {load:.1f}",
                flush=True,
            )
        print(f"{name}: failed {rate(failed, total)}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
