"""`rarity`: what a fixed error costs at rates from 1e-2 down to 1e-10."""

from __future__ import annotations

import mfbench

PROBLEM = "committor/double-well[dim=3]"
"""Three dimensions, the most in which finite volumes have a cell."""

NO_DEARER = mfbench.Prediction(value=0.0, low=-0.1, high=0.1, name="no rarer, no dearer")
WAITING = mfbench.Prediction(value=-1.0, low=-1.15, high=-0.85, name="waiting for transitions")
SOLVERS = {
    "finite-volume": (),
    "tensor-train": (),
    "gauss-newton": (NO_DEARER,),
    "is-sgd": (NO_DEARER,),
    "particle-sgd": (WAITING,),
}
"""What theory says of those that sample; a grid does not know what is rare."""

TEMPERATURES = (0.045, 0.0502, 0.0568, 0.0654, 0.077, 0.0937, 0.1196, 0.1658, 0.2732)
"""Rates nu = 1e-10, 1e-9, ..., 1e-2, within 2 %; the picture has the exact ones."""

RARITY = mfbench.StudyEntry(
    name="rarity",
    summary="Seconds to an error of 0.1 against the rate, in three dimensions.",
    source=(
        "Design ours. Waiting for transitions costs 1/nu (a = -1); importance sampling is to cost little more the rarer "
        "they get: Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334."
    ),
    arms=tuple(
        mfbench.Arm(problem=PROBLEM, solver=solver, predictions=predictions)
        for solver, predictions in SOLVERS.items()
    ),
    swept="problem.temperature",
    values=TEMPERATURES,
    against="nu",
    quantity="seconds-to:0.1",
    statistic="median",
    seeds=5,
    budget=60.0,
)
