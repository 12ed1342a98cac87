"""The entry of `fokker-planck/swimmer`."""

from __future__ import annotations

import mfbench


def facts(parameters: mfbench.NoParameters) -> mfbench.Facts:
    """Noise acts on the swimmer's drive alone; place and drive mean something and are not rotated."""
    del parameters
    return mfbench.Facts(
        task="fokker-planck", dim=2, flags=frozenset({"transient", "hypoelliptic", "anisotropic"})
    )


SWIMMER = mfbench.ProblemEntry(
    name="fokker-planck/swimmer",
    summary="An active swimmer in a trap: a drive with memory pushes it, and the law becomes a thin bent ridge.",
    formula=(
        "dx = (v - x^3) dt, dv = -gamma v dt + sqrt(2 gamma) dW, gamma = .1, that is D = diag(0, gamma); "
        "p_0 = N(0, I), t = 1, 10, 100 = 10 / gamma. No closed form."
    ),
    source="Boffi, Vanden-Eijnden, arXiv 2206.04642, active swimmer; the times are ours, the last is theirs.",
    facts=facts,
    build="mfbench_fokker_planck.swimmer:build",
    judge="mfbench_fokker_planck.swimmer:judge",
    instances={"standard": ({},), "full": ({},)},
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)
