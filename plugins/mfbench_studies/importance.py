"""`importance`: what sampling where the transition happens is worth, for a linear basis exactly, then for networks."""

from __future__ import annotations

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

NETWORK = "width=256,network=mean-field,optimiser=sgd,rate=0.02,calibrate=false,updates=1200"
"""The network, the method and the particle time of a step of `particle-sgd`: what differs is where walkers go."""

TEMPERATURES = (0.0937, 0.1196, 0.1658, 0.2732)
"""Rates nu = 1e-5, 1e-4, 1e-3, 1e-2."""

IMPORTANCE_NETWORK = mfbench.StudyEntry(
    name="importance-network",
    group="importance",
    summary="Error of a mean-field network at equal numbers of samples against the rate, by where walkers go.",
    source="Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334: the rarer the transition, the more it is worth.",
    arms=(
        mfbench.Arm(
            problem="committor/double-well[dim=3]",
            solver="particle-sgd[particles=256,walkers=384,moves=4,step=0.02]",
            label="walkers of mu",
        ),
        mfbench.Arm(
            problem="committor/double-well[dim=3]",
            solver=f"is-sgd[windows=16,ladders=24,moves=4,{NETWORK}]",
            label="importance sampling",
            predictions=(mfbench.Prediction(value=0.0, low=-0.1, high=0.1, name="no rarer, no worse"),),
        ),
    ),
    swept="problem.temperature",
    values=TEMPERATURES,
    against="nu",
    quantity="error",
    times=(100_000, 400_000),
    clock="samples",
    seeds=5,
    budget=60.0,
)

IMPORTANCE = (IMPORTANCE_DRAWS, IMPORTANCE_NETWORK)
