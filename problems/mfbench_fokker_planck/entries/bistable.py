"""The entry of `fokker-planck/bistable`."""

from __future__ import annotations

import mfbench


def facts(parameters: mfbench.NoParameters) -> mfbench.Facts:
    """`reducible`: in one dimension every drift is a gradient."""
    del parameters
    return mfbench.Facts(
        task="fokker-planck", dim=1, flags=frozenset({"stationary", "gradient", "separable", "reducible"})
    )


BISTABLE = mfbench.ProblemEntry(
    name="fokker-planck/bistable",
    summary="One coordinate in a double well: the first test of every density solver.",
    formula="b = .3 x - .5 x^3, noise amplitude .5, D = 1/8; p = C exp(8 (.3 x^2 / 2 - .5 x^4 / 4)). Box [-2.2, 2.2].",
    source="Xu, Zhang, Li, Zhou, Liu, Kurths, arXiv 1910.10503.",
    facts=facts,
    build="mfbench_fokker_planck.bistable:build",
    judge="mfbench_fokker_planck.bistable:judge",
    instances={"standard": ({},), "full": ({},)},
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7),
)
