"""`failure`: where active importance sampling comes to its limits, one question a study."""

from __future__ import annotations

import mfbench

WALKERS = 384
"""Of the default: 24 ladders of 16 windows. Where the number of windows changes, ladders follow."""

FAILURE_CHANNEL = mfbench.StudyEntry(
    name="failure-channel",
    group="failure",
    summary="Two channels, walkers started on a line through the wrong one: share of trials that have found no other.",
    source=(
        "Design ours; walkers on the straight line as in public code of arXiv 2008.06334. At beta = 6.67 the flux goes by "
        "way of the third well, the line through the other channel: walkers with f between .3 and .7 are about .15 of the "
        "sets' distance off the line there, and .75 in the third well. A memoryless search: the share falls as an "
        "exponential of the updates."
    ),
    arms=(
        mfbench.Arm(problem="committor/triple-well", solver="is-sgd[start=line]", label="line"),
        mfbench.Arm(
            problem="committor/triple-well",
            solver="is-sgd[start=line,exchange=false]",
            label="line, no exchange",
        ),
        mfbench.Arm(problem="committor/triple-well", solver="is-sgd", label="both sets"),
    ),
    swept="solver.updates",
    values=(8, 16, 32, 64, 128),
    quantity="below:slab_detour:0.4",
    statistic="mean",
    law="exponential",
    seeds=20,
    budget=120.0,
)

FAILURE_BARRIER = mfbench.StudyEntry(
    name="failure-barrier",
    group="failure",
    summary="A barrier between two channels, across grad q, where windows do not help: error against temperature.",
    source="Design ours: the hill between the channels is .95 above the higher saddle, 4 kT at T = .25, 16 kT at .06.",
    arms=tuple(
        mfbench.Arm(
            problem="committor/two-channel-quartic",
            solver=f"is-sgd[updates=2000,exchange={exchange}]",
            label="exchange" if exchange == "true" else "no exchange",
        )
        for exchange in ("true", "false")
    ),
    swept="problem.temperature",
    values=(0.06, 0.08, 0.1034076, 0.15, 0.25),
    quantity="error",
    seeds=5,
    budget=120.0,
)


def windows(name: str, summary: str, quantity: str) -> mfbench.StudyEntry:
    """A study of the number of windows at three rates; all have the same trials."""
    return mfbench.StudyEntry(
        name=name,
        group="failure",
        summary=summary,
        source="Design ours; EMUS: Thiede, Van Koten, Weare, Dinner, J. Chem. Phys. 145 (2016) 084115.",
        arms=tuple(
            mfbench.Arm(
                problem=f"committor/double-well[dim=10,temperature={temperature}]",
                solver="is-sgd[updates=2000]",
                label=f"T = {temperature}",
                tied={"solver.ladders": lambda number: WALKERS // int(number)},
            )
            for temperature in (0.2, 0.1, 0.05)
        ),
        swept="solver.windows",
        values=(4, 8, 16, 32),
        quantity=quantity,
        seeds=5,
        budget=120.0,
    )


FAILURE_WINDOWS = windows(
    "failure-windows",
    "Effective share of 384 walkers' weights against the number of windows, at rates 3e-3, 2e-5 and 9e-10.",
    "report:weight_ess",
)

FAILURE_EMUS = windows(
    "failure-emus",
    "Standard error of the rate by umbrella weights (jackknife over ladders) against the number of windows.",
    "report:rate_error",
)

FAILURE_MEMORY = mfbench.StudyEntry(
    name="failure-memory",
    group="failure",
    summary="Error against the learning rate: weights from running means of the overlaps, and from the last look alone.",
    source="Design ours: running means are out of date where f moves, a last look alone is noise.",
    arms=tuple(
        mfbench.Arm(
            problem="committor/double-well[dim=10,temperature=0.1]",
            solver=f"is-sgd[updates=2000,memory={memory}]",
            label=label,
        )
        for memory, label in ((50, "running means"), (0, "last look"))
    ),
    swept="solver.rate",
    values=(3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    quantity="error",
    seeds=5,
    budget=400.0,
)

FAILURE_WIDTH = mfbench.StudyEntry(
    name="failure-width",
    group="failure",
    summary="Error against the width of a mean-field network at equal numbers of force evaluations: where 1/n ends.",
    source=(
        "1/n of the function by self-quenching, n^-1/2 by the central limit theorem: Rotskoff, Vanden-Eijnden, arXiv "
        "1805.00915. What sampling errs does not fall with n."
    ),
    arms=tuple(
        mfbench.Arm(
            problem="committor/double-well[dim=10]",
            solver=f"is-sgd[network=mean-field,optimiser=sgd,rate=0.02,calibrate=false,ladders={ladders}]",
            label=f"{16 * ladders} walkers",
        )
        for ladders in (6, 24)
    ),
    swept="solver.width",
    values=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    quantity="error",
    times=(200_000, 800_000, 3_200_000),
    clock="evaluations",
    predictions=(
        mfbench.Prediction(value=-1.0, low=-1.15, high=-0.85, name="self-quenching"),
        mfbench.Prediction(value=-0.5, low=-0.65, high=-0.35, name="CLT"),
    ),
    seeds=5,
    budget=60.0,
)

FAILURE = (
    FAILURE_CHANNEL,
    FAILURE_BARRIER,
    FAILURE_WINDOWS,
    FAILURE_EMUS,
    FAILURE_MEMORY,
    FAILURE_WIDTH,
)
