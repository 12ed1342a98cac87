"""`width`: laws of large numbers for networks as particles, tested one by one.

- `width-fluctuations`: n Var f_n over initialisations at fixed particle times. The start is all that differs: the data are
  fixed quadrature points, and all repetitions share the target.
- `width-fluctuations-25`: the same in 25 dimensions.
- `width-loss`: the loss of these very trials at the last time, L(n) = L + C n^a.
- `width-sgd`: the same with fresh batches: at a fixed dt / P, whose noise is the floor L of C1 / n + C2 dt / P, at P ~ n,
  and at P ~ n^2; and this law itself, fitted to all three.
- `width-limit`, `width-limit-classes`: the distance from the mean-field limit at fixed particle times.
"""

from __future__ import annotations

import mfbench

GROUP = "width"
SOURCE = "Rotskoff, Vanden-Eijnden, arXiv 1805.00915"

SPIN = "regression/three-spin[dim=5,tensor=1]"
STEPS = (0, 10, 100, 1000)
"""Of .5: particle times 0, 5, 50 and 500."""


def kept(steps: tuple[int, ...]) -> str:
    """The parameters of a run that keeps its networks after these steps and ends with the last one."""
    return f"steps={steps[-1]},milestones={'+'.join(map(str, steps))}"


CENTRAL_LIMIT = mfbench.Prediction(value=-1.0, low=-1.15, high=-0.85, name="CLT")
SELF_QUENCHING = mfbench.Prediction(value=-2.0, low=-2.3, high=-1.7, name="self-quenching")


def fluctuations(name: str, dim: int, values: tuple[int, ...], seeds: int) -> mfbench.StudyEntry:
    """The variance over starts of networks that descend the full gradient on the same quadrature points."""
    solver = f"particle-sgd[step=0.5,fixed_points=512,{kept(STEPS)}]"
    return mfbench.StudyEntry(
        name=name,
        summary=f"Variance of the network over starts against its width, d = {dim}, at particle times 0, 5, 50, 500.",
        source=f"{SOURCE}: f_n - f is of order n^(-1/2) at any fixed time, so that n Var f_n has a limit.",
        group=GROUP,
        arms=(
            mfbench.Arm(
                problem=f"regression/three-spin[dim={dim},tensor=1]", solver=solver, label="full gradient"
            ),
        ),
        swept="solver.particles",
        values=values,
        quantity="solution",
        statistic="variance",
        times=STEPS,
        clock="steps",
        predictions=(CENTRAL_LIMIT,),
        seeds=seeds,
        budget=120.0,
    )


FLUCTUATIONS = fluctuations("width-fluctuations", 5, (32, 64, 128, 256, 512, 1024), 160)
FLUCTUATIONS_25 = fluctuations("width-fluctuations-25", 25, (32, 64, 128, 256, 512), 40)

LOSS = mfbench.StudyEntry(
    name="width-loss",
    summary="Loss against width after the same particle time, the noise of initialisations alone.",
    source=f"{SOURCE}: the loss is above its limit by 1/n (CLT), or by up to 1/n^2 where fluctuations quench themselves.",
    group=GROUP,
    arms=FLUCTUATIONS.arms,
    swept="solver.particles",
    values=FLUCTUATIONS.values,
    quantity="metric:excess_loss",
    statistic="mean",
    law="power-with-floor",
    predictions=(CENTRAL_LIMIT, SELF_QUENCHING),
    seeds=FLUCTUATIONS.seeds,
    budget=FLUCTUATIONS.budget,
)

BATCHES = {
    "P = 64": lambda n: 64,
    "P = n": lambda n: n,
    "P = n^2 / 32": lambda n: max(1, n * n // 32),
}
"""The second meets the first at n = 64 and the third at n = 32."""

NOISE_AND_WIDTH = (
    mfbench.Term(name="L", of=lambda settings: 1.0),
    mfbench.Term(name="C1 / n", of=lambda settings: 1.0 / settings["solver.particles"], positive=True),
    mfbench.Term(
        name="C2 dt / P",
        of=lambda settings: settings["solver.step"] / settings["solver.batch"],
        positive=True,
    ),
)
"""L: what no width has learned by then, with exact gradients."""

SGD = mfbench.StudyEntry(
    name="width-sgd",
    summary="Loss against width with stochastic gradients: a floor at fixed dt / P, none where P grows with n.",
    source=f"{SOURCE}, section 4: the loss is C1 / n + C2 dt / P; P ~ n keeps it ~ 1/n, a faster law needs P ~ n^2.",
    group=GROUP,
    arms=tuple(
        mfbench.Arm(
            problem=SPIN,
            solver="particle-sgd[step=0.2,steps=2000]",
            label=label,
            tied={"solver.batch": batch},
        )
        for label, batch in BATCHES.items()
    ),
    swept="solver.particles",
    values=(32, 64, 128, 256, 512),
    quantity="metric:excess_loss",
    statistic="mean",
    law="power-with-floor",
    joint=NOISE_AND_WIDTH,
    predictions=(CENTRAL_LIMIT, SELF_QUENCHING),
    seeds=20,
    budget=120.0,
)

HALF = mfbench.Prediction(value=-0.5, low=-0.6, high=-0.4, name="CLT")


def limit(name: str, problem: str, settings: str, steps: tuple[int, ...], summary: str) -> mfbench.StudyEntry:
    """The distance from 4096 units on the same quadrature points, the mean of all repetitions of them."""
    solver = f"particle-sgd[{settings},{kept(steps)}"
    return mfbench.StudyEntry(
        name=name,
        summary=summary,
        source=f"{SOURCE}: the deviation from the mean-field limit at a fixed time is of order n^(-1/2).",
        group=GROUP,
        arms=(mfbench.Arm(problem=problem, solver=f"{solver}]", label="full gradient"),),
        limit=mfbench.Arm(problem=problem, solver=f"{solver},particles=4096]", label="4096 units"),
        swept="solver.particles",
        values=(32, 64, 128, 256, 512),
        quantity="deviation",
        times=steps,
        clock="steps",
        predictions=(HALF,),
        seeds=80,
        budget=120.0,
    )


STUDIES = (
    FLUCTUATIONS,
    FLUCTUATIONS_25,
    LOSS,
    SGD,
    limit(
        "width-limit",
        "regression/signed-mixture[start=good]",
        "step=0.05,sampled=true,fixed_points=256",
        (0, 20, 200),
        "Distance from the mean-field limit against width on the signed mixture, at particle times 0, 1, 10.",
    ),
    limit(
        "width-limit-classes",
        "regression/two-gaussians[dim=40,delta=0.4]",
        "step=0.1,fixed_points=512",
        (0, 10, 100),
        "Distance from the mean-field limit against width on two Gaussian classes, at particle times 0, 1, 10.",
    ),
)
"""Those of the group `width`."""
