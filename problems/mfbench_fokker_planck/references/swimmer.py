"""What is stored of the swimmer: draws at each time with log p, nodes at the last, error bars.

The law is computed with three steps and extrapolated (`swimmer_march`); its error bar is the sum, in nats at the draws, of
what the last extrapolation changed and of what nodes farther apart by a fifth change.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from mfbench_fokker_planck.box_quadrature import box_quadrature
from mfbench_fokker_planck.known_law import POINT_SEED, POINTS
from mfbench_fokker_planck.references.grid_law import GridLaw
from mfbench_fokker_planck.references.swimmer_march import Resolution, extrapolated, march
from mfbench_fokker_planck.swimmer import FRICTION, TIMES

STEP = 0.1
FINE = Resolution()
COARSE = Resolution(far=1001, drives=161, places=112, speeds=184)
NODES = 64
"""Gauss-Legendre in x and in y at the last time."""
NODE_REACH = (2.1, 2.2)
"""There: the law is e^-24 of its height at the ends of x, and 8 standard deviations of y wide."""


def arrays_and_record(say: Callable[[str], None] = print) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Everything that the judge needs, and how it was found."""
    runs = []
    for halvings in range(3):
        say(f"step {STEP / 2**halvings:g}")
        runs.append(list(march(FRICTION, TIMES, STEP / 2**halvings, FINE)))
    say("fewer nodes")
    fewer = list(march(FRICTION, TIMES, STEP, COARSE))
    laws, looser, spread = [], [], []
    for coarse, middle, fine, few in zip(*runs, fewer, strict=True):
        sixth, fourth = extrapolated(coarse, middle, fine)
        laws.append(GridLaw(*FINE.late, sixth))
        looser.append((GridLaw(*FINE.late, coarse), GridLaw(*FINE.late, middle), GridLaw(*FINE.late, fine)))
        spread.append((GridLaw(*FINE.late, fourth), GridLaw(*COARSE.late, few)))
    rng = np.random.default_rng([POINT_SEED, 2])
    stored, record = [], []
    for time, law, levels, (fourth, few) in zip(TIMES, laws, looser, spread, strict=True):
        drive = law.draw(POINTS // len(TIMES), rng)
        x = bent(drive).astype(np.float32)
        y = straight(x.astype(np.float64))
        log_p = law.log_density(y)
        in_time = rms(fourth.log_density(y) - log_p)
        in_space = rms(few.log_density(y) - levels[0].log_density(y))
        steps = [rms(b.log_density(y) - a.log_density(y)) for a, b in pairwise(levels)]
        record.append(
            {
                "time": time,
                "mass - 1": law.mass - 1.0,
                "least p / largest p": float(np.min(law.p) / np.max(law.p)),
                "change by the last extrapolation": in_time,
                "change by fewer nodes": in_space,
                "order in the step": math.log2(steps[0] / steps[1]),
            }
        )
        stored.append((x, log_p, law.max_log_density(), covariance(law)))
    place, weights = box_quadrature(-np.array(NODE_REACH), np.array(NODE_REACH), NODES)
    nodes = bent(place)
    arrays = {
        "x": np.stack([one[0] for one in stored]),
        "log_p": np.stack([one[1] for one in stored]),
        "max_log_p": np.array([one[2] for one in stored]),
        "covariance": np.stack([one[3] for one in stored]),
        "nodes": nodes,
        "node_weights": weights,
        "node_log_p": np.log(np.maximum(laws[-1].density(place), 1e-300)),
    }
    error = max(one["change by the last extrapolation"] + one["change by fewer nodes"] for one in record)
    about = {
        "error": error,
        "times": record,
        "step": STEP,
        "nodes": {"fine": vars(FINE), "coarse": vars(COARSE)},
        "points_seed": [POINT_SEED, 2],
    }
    return arrays, about


def bent(y: np.ndarray) -> np.ndarray:
    """(x, y) -> (x, v), v = y + x^3; (n, 2)."""
    return np.stack([y[:, 0], y[:, 1] + y[:, 0] ** 3], axis=1)


def straight(x: np.ndarray) -> np.ndarray:
    """(x, v) -> (x, y); (n, 2)."""
    return np.stack([x[:, 0], x[:, 1] - x[:, 0] ** 3], axis=1)


def covariance(law: GridLaw) -> np.ndarray:
    """Of (x, v), (2, 2), about the mean 0."""
    x = np.broadcast_to(law.a[:, None], law.p.shape)
    v = law.b + x**3
    mixed = law.mean_of(x * v)
    return np.array([[law.mean_of(x * x), mixed], [mixed, law.mean_of(v * v)]])


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return math.sqrt(float(np.mean(values**2)))
