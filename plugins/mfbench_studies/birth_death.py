"""`birth-death`: error against time where units die and are born, and where they only move.

- `birth-death-bad`, `birth-death-good`: the error along a run on the signed mixture, from either start.
- `birth-death-plateau`: the error from the bad start after 10,000 steps: plain descent and copies stall, re-injection
  does not.
- `birth-death-pace`, `birth-death-sooner`: from the good start plain descent after 1000 steps, births and deaths after 500.
- `birth-death-teacher`: a limitation: with a ReLU teacher in 50 dimensions they do harm.

The energy E of the source is half the squared error.
"""

from __future__ import annotations

import math
from typing import Any

import mfbench

GROUP = "birth-death"
SOURCE = "Rotskoff, Jelassi, Bruna, Vanden-Eijnden, arXiv 1902.01843"

FROM_BAD = (100, 200, 500, 1000, 2000, 3000, 5000, 10000)
FROM_GOOD = (100, 200, 500, 1000, 2000, 3000)


def arms(problem: str, kept: str, plain: str, copies: str, drawn: str) -> tuple[mfbench.Arm, ...]:
    """The three methods, each with its own settings and those that they share."""
    solvers = {
        "plain": f"particle-sgd[{plain}{kept}]",
        "copies": f"birth-death[{copies}{kept}]",
        "re-injection": f"birth-death[reinject=true,{drawn}{kept}]",
    }
    return tuple(
        mfbench.Arm(problem=problem, solver=solver, label=label) for label, solver in solvers.items()
    )


def mixture(start: str, steps: tuple[int, ...]) -> tuple[mfbench.Arm, ...]:
    """The source's settings on the signed mixture: alpha = .05 a step, that is 5 per particle time; plain at the end."""
    kept = f"step=0.01,steps={steps[-1]},milestones={'+'.join(map(str, steps))}"
    return arms(f"regression/signed-mixture[start={start}]", kept, "", "rate=5,", "rate=5,")


def energy(level: float, low: float, high: float) -> mfbench.Prediction:
    """An energy of the source as an error, with its band."""
    return mfbench.Prediction(
        value=math.sqrt(2.0 * level),
        low=math.sqrt(2.0 * low),
        high=math.sqrt(2.0 * high),
        name=f"E = {level:.3g}",
    )


def predicting(some: tuple[mfbench.Arm, ...], *levels: mfbench.Prediction) -> tuple[mfbench.Arm, ...]:
    """Arms with a prediction each."""
    return tuple(
        mfbench.Arm(problem=arm.problem, solver=arm.solver, label=arm.label, predictions=(level,))
        for arm, level in zip(some, levels, strict=True)
    )


def study(
    name: str, summary: str, some: tuple[mfbench.Arm, ...], times: tuple[int, ...], **fields: Any
) -> mfbench.StudyEntry:
    """One of the group: 200 units, the error read after numbers of steps."""
    fields = {"values": (200,), "seeds": 16, "budget": 120.0, "least_seeds": 5} | fields
    return mfbench.StudyEntry(
        name=f"{GROUP}-{name}",
        summary=summary,
        source=SOURCE,
        group=GROUP,
        arms=some,
        swept="solver.particles",
        quantity="error",
        times=times,
        clock="steps",
        **fields,
    )


ALONG: dict[str, Any] = {"against": "clock", "law": "power-with-floor"}
LEVEL: dict[str, Any] = {"law": "amplitude", "exponent": 0.0}

BAD, GOOD = mixture("bad", FROM_BAD), mixture("good", FROM_GOOD)
STALLED = energy(1.37e-2, 1.3e-2, 1.44e-2)
TEACHER_STEPS = (1000, 3000, 10000, 30000, 100000)
TEACHER = arms(
    "regression/relu-teacher",
    f"step=0.02,batch=100,steps={TEACHER_STEPS[-1]},milestones={'+'.join(map(str, TEACHER_STEPS))}",
    "",
    # alpha = 1 and .01 a step of the sum's derivative, which is 1/n of that of the mean-field network.
    "rate=1,settle=0,",
    "rate=0.01,settle=0,",
)

STUDIES = (
    study("bad", "Error against steps where all units start in one place.", BAD, FROM_BAD, **ALONG),
    study("good", "Error against steps where units start everywhere.", GOOD, FROM_GOOD, **ALONG),
    study(
        "plateau",
        "Error after 10,000 steps from the bad start.",
        predicting(BAD, STALLED, STALLED, energy(1.3e-4, 0.0, 3.2e-4)),
        FROM_BAD[-1:],
        **LEVEL,
    ),
    study(
        "pace",
        "Error of plain descent after 1000 steps from the good start.",
        predicting(GOOD[:1], energy(5.3e-3, 4.0e-3, 7.0e-3)),
        (1000,),
        **LEVEL,
    ),
    study(
        "sooner",
        "Error after 500 steps from the good start, with births and deaths: below that of plain descent after 1000?",
        predicting(GOOD[1:], energy(2.1e-3, 0.0, 5.3e-3), energy(2.5e-3, 0.0, 5.3e-3)),
        (500,),
        **LEVEL,
    ),
    study(
        "teacher",
        "A limitation: error against steps with a ReLU teacher in 50 dimensions.",
        TEACHER,
        TEACHER_STEPS,
        values=(50,),
        seeds=6,
        **ALONG,
    ),
)
"""Those of the group `birth-death`."""
