"""Windows in q against windows in logit q: `is-sgd` at the same number of force evaluations.

Everything but `windows_in` is the same: seeds, starts, walkers, updates. A third arm has all settings of the first paper.
Prints for every problem the median and the range over seeds of the wRMSE, of the logit RMSE as handed over and before
levels are calibrated, and of |log(nu / nu_ref)| of the reported rate; the last line is the finding. About a quarter of
an hour of one core.
Usage: python benchmarks/window_ablation.py [SEEDS [UPDATES]]
"""

from __future__ import annotations

import itertools
import math
import os
import sys
from statistics import median
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import numpy as np
from tabulate import tabulate

from mfbench import Context
from mfbench.tasks.judging import Answers
from mfbench_committor import arc, double_well
from mfbench_committor.entries.arc import ArcParameters
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_jax import is_sgd
from mfbench_jax.is_sgd_entry import AS_PUBLISHED, ImportanceSampling

SEEDS, UPDATES = 5, 1500
LADDERS = 12
PROBLEMS = {
    "double-well d=10 T=.1": (double_well, DoubleWellParameters(dim=10, temperature=0.1)),
    "arc d=10 T=.086": (arc, ArcParameters(dim=10)),
}
ARMS: dict[str, dict[str, Any]] = {
    "q": {"windows_in": "q"},
    "logit": {"windows_in": "logit"},
    "q, all as published": AS_PUBLISHED,
}
COLUMNS = ("wrmse", "logit_rmse", "logit_rmse uncalibrated", "rate_reported")


def trial(module, parameters, arm, seed, updates):
    """Scores after that many updates, and the force evaluations spent."""
    problem, judge = module.build(parameters, seed), module.judge(parameters, seed)
    context = Context(seed=seed, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    settings = ImportanceSampling(ladders=LADDERS, **ARMS[arm])
    run = is_sgd.solve(problem, settings, context)
    last = next(itertools.islice(run, updates // is_sgd.UPDATES, None))
    inquiry, scores = judge.inquiry, {}
    for name, state in (
        ("logit_rmse", last.state),
        ("logit_rmse uncalibrated", last.state._replace(shift=0 * last.state.shift)),
    ):
        looks, finals = (np.asarray(last.evaluate(state, x)) for x in (inquiry.looks, inquiry.finals))
        answers = Answers(looks=looks, finals=finals, gradients=None, reports=last.reports)
        metrics = {key: score.value for key, score in judge.metrics(answers).items()}
        scores = {"wrmse": metrics["wrmse"], "rate_reported": metrics["rate_reported"]} | scores
        scores[name] = metrics["logit_rmse"]
    jax.clear_caches()
    return scores, last.work["evaluations"]


def spread(values):
    return f"{median(values):.3g} [{min(values):.3g}, {max(values):.3g}]"


def main(seeds, updates):
    rows, findings = [], []
    for problem, (module, parameters) in PROBLEMS.items():
        runs, spent = {}, set()
        for arm, seed in itertools.product(ARMS, range(seeds)):
            scores, evaluations = trial(module, parameters, arm, seed, updates)
            runs.setdefault(arm, []).append(scores)
            spent.add(evaluations)
            told = ", ".join(f"{name} {scores[name]:.3g}" for name in COLUMNS)
            print(f"# {problem}, windows in {arm}, seed {seed}: {told}", flush=True)
        # Without symmetric inputs nobody asks whether particles are identical: a few hundred evaluations less.
        assert max(spent) < 1.001 * min(spent), "force evaluations differ"
        for arm in ARMS:
            cells = [spread([run[name] for run in runs[arm]]) for name in COLUMNS]
            rows.append([problem, arm, f"{max(spent):.2e}", *cells])
        ratios = [
            median(run[name] for run in runs["q"]) / median(run[name] for run in runs["logit"])
            for name in ("wrmse", "logit_rmse", "rate_reported")
        ]
        findings.append(f"{problem} {ratios[0]:.1f}, {ratios[1]:.1f}, {ratios[2]:.1f}")
    print(tabulate(rows, headers=["problem", "windows in", "force evaluations", *COLUMNS], tablefmt="github"))
    print(
        f"median error in q over that in logit q (wRMSE, logit RMSE, rate), {seeds} seeds: {'; '.join(findings)}"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or (SEEDS, UPDATES)))
