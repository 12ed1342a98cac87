"""Studies of a solver whose law is known: its error is width^-1 times log-normal noise that its seed and width decide.

Uses the problem of `toy_plugin`, which is to be loaded too.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

import mfbench


@dataclasses.dataclass(frozen=True)
class Width:
    """Parameters of `noisy`.

    Args:
        width: what is swept.
        batch: tied to it.
        noise: standard deviation of the error's logarithm.
        fail_from: from this width on every second seed raises, as the parity of its own seed has it.
        steps: looks that lead to the end, an error 2^-1, 2^-2, ... of the way.
        kept: all of them are milestones.
        sign: of the report "gap".
    """

    width: int = 8
    batch: int = 1
    noise: float = 0.1
    fail_from: int = 10**9
    steps: int = 1
    kept: bool = False
    sign: float = 1.0


def evaluate(state, x):
    """A blend of the truth, (x + 1) / 2, and 1/2; `state` is the share of the latter."""
    truth = (x[:, 0] + 1.0) / 2.0
    return truth + state * (0.5 - truth)


def noisy(problem, parameters, context):
    """Give the known law."""
    if parameters.width >= parameters.fail_from and context.seed % 2:
        raise RuntimeError("too wide for this seed")
    factor = math.exp(
        parameters.noise * np.random.default_rng((context.seed, parameters.width)).standard_normal()
    )
    final = factor / parameters.width
    for step in range(1, parameters.steps + 1):
        state = final * 2.0 ** (parameters.steps - step)
        yield mfbench.Checkpoint(
            evaluate=evaluate,
            state=state,
            work={"evaluations": step, "steps": step},
            reports={"gap": parameters.sign * state, "batch": float(parameters.batch)},
            milestone=parameters.kept,
        )


LINE = "committor/line"
CLT = mfbench.Prediction(value=-1.0, low=-1.2, high=-0.8, name="CLT")


def study(name, *arms, **fields):
    """A study of `noisy`."""
    fields = {"swept": "solver.width", "values": (8, 16, 32, 64), "quantity": "error", "budget": 5.0} | fields
    return mfbench.StudyEntry(name=name, summary="Known.", source="tests", arms=arms, **fields)


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="noisy",
            task="committor",
            summary="Errs by a known law.",
            source="tests",
            run="study_plugin:noisy",
            parameters=Width,
        )
    ]


@mfbench.hookimpl
def mfbench_studies():
    noisy = mfbench.Arm(problem=LINE, solver="noisy")
    return [
        study("width", noisy, predictions=(CLT,)),
        study(
            "halves",
            mfbench.Arm(problem=LINE, solver="noisy", label="sound"),
            mfbench.Arm(problem=LINE, solver="noisy[fail_from=32]", label="failing"),
            mfbench.Arm(problem=LINE, solver="picky", label="picky"),
            swept="problem.temperature",
            values=(1.0, 2.0),
        ),
        study("failing", mfbench.Arm(problem=LINE, solver="noisy[fail_from=32]"), seeds=6),
        study("negative", mfbench.Arm(problem=LINE, solver="noisy[sign=-1]"), quantity="report:gap"),
        study(
            "tied",
            mfbench.Arm(problem=LINE, solver="noisy", tied={"solver.batch": lambda width: width**2}),
            quantity="report:batch",
            statistic="mean",
            predictions=(mfbench.Prediction(value=2.0, low=1.9, high=2.1),),
        ),
        study("spread", noisy, quantity="solution", statistic="variance", seeds=8),
        study(
            "cost",
            mfbench.Arm(problem=LINE, solver="noisy[noise=0.001]"),
            quantity="work-to:0.1",
            statistic="median",
            values=(1, 2, 64),
        ),
        study("early", mfbench.Arm(problem=LINE, solver="noisy[steps=3]"), times=(1.0, 3.0), clock="steps"),
        study(
            "spread-early",
            mfbench.Arm(problem=LINE, solver="noisy[steps=3,kept=true]"),
            quantity="solution",
            statistic="variance",
            times=(1.0, 3.0),
            clock="steps",
            seeds=4,
            group="kept",
        ),
        study(
            "limit",
            mfbench.Arm(problem=LINE, solver="noisy[steps=3,kept=true]"),
            limit=mfbench.Arm(problem=LINE, solver="noisy[steps=3,kept=true,width=1000000,noise=0]"),
            quantity="deviation",
            times=(1.0, 3.0),
            clock="steps",
            seeds=4,
            group="kept",
        ),
        study(
            "decay",
            mfbench.Arm(problem=LINE, solver="noisy[steps=4,kept=true]"),
            values=(8,),
            times=(1.0, 2.0, 3.0, 4.0),
            clock="steps",
            against="clock",
            law="exponential",
            predictions=(mfbench.Prediction(value=-math.log(2.0), low=-0.7, high=-0.69),),
        ),
        study("many", mfbench.Arm(problem=LINE, solver="noisy[steps=33,kept=true]")),
        study("misspelt", noisy, swept="solver.widht"),
        study("elsewhere", mfbench.Arm(problem=LINE, solver="noisyy")),
        study("twice", mfbench.Arm(problem=LINE, solver="noisy[width=3]")),
        study("no-target", noisy, quantity="work-to:0.5", statistic="median"),
        study("no-truth", noisy, against="mu"),
        study("rate", noisy, swept="problem.temperature", values=(1.0, 2.0), against="nu"),
    ]
