"""`importance`: what sampling where the transition happens is worth, for a linear basis exactly, then for networks."""

from __future__ import annotations

from typing import Any

import mfbench

BAND = 0.1
"""Relative, about a constant of theory."""


def limit(name: str = "", low: float = 1.0 - BAND) -> tuple[mfbench.Prediction, ...]:
    """tr(H^-1 S) / 2, which the solver knows by quadrature."""
    return (mfbench.Prediction(value=1.0, low=low, high=1.0 + BAND, unit="excess_limit", name=name),)


def draws(label: str, parameters: str, predictions: tuple[mfbench.Prediction, ...]) -> mfbench.Arm:
    """Fits to samples of one density, many in a trial."""
    return mfbench.Arm(
        problem="committor/double-well[dim=2]",
        solver=f"linear-ritz[basis=8,{parameters}]",
        label=label,
        predictions=predictions,
    )


IMPORTANCE_DRAWS = mfbench.StudyEntry(
    name="importance-draws",
    group="importance",
    summary="Excess risk of a linear basis against the number of samples, by the density that they are drawn from.",
    source=(
        "n E[L(theta_n) - L*] -> tr(H^-1 S) / 2: van der Vaart, Asymptotic Statistics (1998), theorem 5.21; of walkers with "
        "their long-run covariance. That it is lower for samples of |grad q|^2 mu: Rotskoff, Mitchell, Vanden-Eijnden, "
        "arXiv 2008.06334."
    ),
    arms=(
        draws("mu", "density=equilibrium,replicates=100", limit()),
        draws("umbrella windows", "density=umbrella,replicates=100", limit()),
        draws("|grad q|^2 mu", "density=gradient,replicates=100", limit()),
        draws("mu, walkers", "density=equilibrium,walkers=16,replicates=50", limit("long-run")),
        draws("umbrella windows, walkers", "density=umbrella,walkers=16,replicates=50", limit("long-run")),
        draws("|grad q|^2 mu, walkers", "density=gradient,walkers=16,replicates=50", limit("long-run")),
        draws("active", "density=active,replicates=100", limit("as |grad q|^2 mu, or below", low=0.0)),
    ),
    swept="solver.samples",
    # mu holds 2.1e-3 between q = .3 and .7: 10 samples there are 4800 in all. |grad q|^2 mu is hardly ever next to A and B,
    # and its limit is reached late: from 80000 on by walkers, which come there as rarely and then stay.
    values=(80_000, 160_000, 320_000, 640_000),
    quantity="report:excess_risk",
    statistic="mean",
    law="amplitude",
    exponent=-1.0,
    seeds=20,
    # R fits at a value with R times 8 coefficients >= 1000 are asked for; a trial of walkers makes 50.
    least_seeds=3,
    budget=60.0,
)

NETWORK = (
    "windows=16,moves=4,width=256,network=mean-field,optimiser=sgd,rate=0.02,calibrate=false,updates=1200"
)
SAMPLERS = {"walkers of mu": "unbiased", "importance sampling": "umbrella"}
"""Network, method and steps are those of both arms: they differ in where walkers go, and in nothing else."""

RATES = {0.0937: "1e-5", 0.1196: "1e-4", 0.1658: "1e-3", 0.2732: "1e-2"}
"""Temperature -> nu of the double well in three dimensions."""

SAMPLES = (25_000, 100_000, 400_000)


def network(kind: str, problem: str, **fields: Any) -> mfbench.Arm:
    """A mean-field network on samples of one kind."""
    return mfbench.Arm(
        problem=problem, solver=f"is-sgd[{NETWORK},sampler={SAMPLERS[kind]}]", **({"label": kind} | fields)
    )


SHARED: dict[str, Any] = {
    "group": "importance",
    "source": "Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334: the rarer the transition, the more it is worth.",
    "quantity": "error",
    "clock": "samples",
    "seeds": 5,
    "budget": 60.0,
}

IMPORTANCE_NETWORK = mfbench.StudyEntry(
    name="importance-network",
    summary="Error of a mean-field network at equal numbers of samples against the rate, by where walkers go.",
    arms=(
        network("walkers of mu", "committor/double-well[dim=3]"),
        network(
            "importance sampling",
            "committor/double-well[dim=3]",
            predictions=(mfbench.Prediction(value=0.0, low=-0.1, high=0.1, name="no rarer, no worse"),),
        ),
    ),
    swept="problem.temperature",
    values=tuple(RATES),
    against="nu",
    times=SAMPLES,
    **SHARED,
)

IMPORTANCE_SAMPLES = mfbench.StudyEntry(
    name="importance-samples",
    summary="The same errors against the number of samples, at each rate: one trial makes both.",
    arms=tuple(
        network(
            label, f"committor/double-well[dim=3,temperature={temperature}]", label=f"{label}, nu = {rate}"
        )
        for temperature, rate in RATES.items()
        for label in SAMPLERS
    ),
    swept="solver.ladders",
    values=(24,),
    against="clock",
    times=(12_500, 25_000, 50_000, 100_000, 200_000, 400_000),
    **SHARED,
)

IMPORTANCE = (IMPORTANCE_DRAWS, IMPORTANCE_NETWORK, IMPORTANCE_SAMPLES)
