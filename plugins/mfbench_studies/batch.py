"""`batch`: the noise of stochastic gradients, and what a quench does to it.

- `batch-size`: the loss against the batch P at a fixed step: L + C / P.
- `batch-step`: the loss against the step dt at a fixed batch, after the same particle time: L + C dt.
- `batch-quench`: the loss against the width n with P = n / 5, and with one of (n / 5)^2 in the last fifth of
  the steps.
"""

from __future__ import annotations

from typing import Any

import mfbench

GROUP = "batch"
SOURCE = "Rotskoff, Vanden-Eijnden, arXiv 1805.00915, section 4: the loss is C1 / n + C2 dt / P."

SPIN = "regression/three-spin[dim=5,tensor=1]"
TIME = 400.0
"""Particle time of every run: long beside the noise's relaxation, not beside that of the mean."""

STEPS = 2000
QUENCHED = 400
"""Steps of the quench, of the last ones."""

NOISE: dict[str, Any] = {
    "source": SOURCE,
    "group": GROUP,
    "quantity": "metric:excess_loss",
    "statistic": "mean",
    "law": "power-with-floor",
    "seeds": 30,
    "budget": 120.0,
}


def steps(step: float) -> int:
    """So many make the particle time."""
    return round(TIME / step)


STUDIES = (
    mfbench.StudyEntry(
        name="batch-size",
        summary="Loss of 64 units against the batch, at a particle time step of 0.2.",
        arms=(
            mfbench.Arm(
                problem=SPIN, solver=f"particle-sgd[particles=64,step=0.2,steps={steps(0.2)}]", label="SGD"
            ),
        ),
        swept="solver.batch",
        values=(2, 4, 8, 16, 32, 64, 128),
        predictions=(mfbench.Prediction(value=-1.0, low=-1.2, high=-0.8, name="dt / P"),),
        **NOISE,
    ),
    mfbench.StudyEntry(
        name="batch-step",
        summary="Loss of 64 units against the particle time step, at a batch of 8.",
        arms=(
            mfbench.Arm(
                problem=SPIN,
                solver="particle-sgd[particles=64,batch=8]",
                label="SGD",
                tied={"solver.steps": steps},
            ),
        ),
        swept="solver.step",
        values=(0.05, 0.1, 0.2, 0.4, 0.8),
        predictions=(mfbench.Prediction(value=1.0, low=0.8, high=1.2, name="dt / P"),),
        **NOISE,
    ),
    mfbench.StudyEntry(
        name="batch-quench",
        summary="Loss against width with a batch of n / 5, and with one of (n / 5)^2 in the last fifth of the steps.",
        arms=(
            mfbench.Arm(
                problem=SPIN, solver=f"particle-sgd[step=0.2,batch=0,steps={STEPS}]", label="no quench"
            ),
            mfbench.Arm(
                problem=SPIN,
                solver=f"particle-sgd[step=0.2,batch=0,steps={STEPS},quench_after={STEPS - QUENCHED}]",
                label="quench",
            ),
        ),
        swept="solver.particles",
        values=(16, 32, 64, 128, 256),
        **NOISE,
    ),
)
"""Those of the group `batch`."""
