"""An active swimmer: a place x in a quartic trap, pushed by a drive v with memory; noise acts on the drive alone.

    dx = (v - x^3) dt,   dv = -g v dt + sqrt(2 g) dW,   g = .1,   p_0 = N(0, I).

v is N(0, 1) at all times, (x, v) -> (-x, -v) leaves the law as it is, and at rest E x v = E x^4 and
E x^3 v = E x^6 = 1 - g E x v. No density in closed form: the reference comes from a grid (`references.swimmer_march`).

Source: Boffi, Vanden-Eijnden, arXiv 2206.04642.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench import NoParameters
from mfbench.frames import like
from mfbench.reference import Reference
from mfbench.tasks.transient import TransientProblem
from mfbench.tasks.transient_judge import LawAt, TransientJudge
from mfbench_fokker_planck.box_quadrature import cube
from mfbench_fokker_planck.dilations import dilated_gaussian
from mfbench_fokker_planck.references import store

FRICTION = 0.1
TIMES = (1.0, 10.0, 100.0)
HALF_WIDTH = 6.0
"""Of the box: the start has 4e-9 outside, and v at all times; x is drawn in."""
STEM = "swimmer"


def build(parameters: NoParameters, seed: int) -> TransientProblem:
    """The problem; the same for every seed."""
    del parameters, seed

    def drift(x: Any, t: Any) -> Any:
        del t
        xp = array_namespace(x)
        return xp.stack([x[:, 1] - x[:, 0] ** 3, -FRICTION * x[:, 1]], axis=1)

    def amplitude(x: Any, t: Any) -> Any:
        del t
        shape = (x.shape[0], 2, 1)
        return array_namespace(x).broadcast_to(like(np.array([[0.0], [math.sqrt(2.0 * FRICTION)]]), x), shape)

    return TransientProblem(
        dim=2,
        drift=drift,
        amplitude=amplitude,
        initial_log_density=lambda x: -0.5 * array_namespace(x).sum(x * x, axis=1) - math.log(2.0 * math.pi),
        initial_draw=lambda rng, count: rng.standard_normal((count, 2)),
        horizon=TIMES[-1],
        times=TIMES,
        box=cube(HALF_WIDTH, 2),
    )


def judge(parameters: NoParameters, seed: int) -> TransientJudge:
    """The judge, from the stored reference; the same for every seed."""
    del parameters, seed
    arrays, about = store.load(STEM)
    return TransientJudge(
        laws=tuple(
            LawAt(
                time=t,
                x=arrays["x"][number].astype(np.float64),
                log_p=arrays["log_p"][number],
                mean=np.zeros(2),
                covariance=arrays["covariance"][number],
                max_log_p=float(arrays["max_log_p"][number]),
            )
            for number, t in enumerate(TIMES)
        ),
        nodes=arrays["nodes"].astype(np.float64),
        node_log_p=arrays["node_log_p"],
        node_weights=arrays["node_weights"],
        space=dilated_gaussian(np.zeros(2), arrays["covariance"][-1], cube(HALF_WIDTH, 2)),
        log_density=Reference(
            quantity="log p(x, t), nats",
            value=None,
            tolerance=about["error"],
            method="splitting into transport and Ornstein-Uhlenbeck flows, spectral in both, extrapolated in the step",
            source="mfbench_fokker_planck.references.swimmer_march",
        ),
    )
