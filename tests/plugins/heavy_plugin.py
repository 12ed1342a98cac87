"""A solver whose module imports a framework at its top, where its entry stands."""

from __future__ import annotations

import jax.numpy as jnp

import mfbench


def solve(problem, parameters, context):
    yield mfbench.Checkpoint(
        evaluate=lambda state, x: jnp.full(len(x), state), state=0.5, work={"evaluations": 0}
    )


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="heavy",
            task="committor",
            summary="Knows nothing.",
            source="elementary",
            run="heavy_plugin:solve",
        )
    ]
