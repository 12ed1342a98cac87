"""The entry of `fokker-planck/dumbbell`."""

from __future__ import annotations

import mfbench


def facts(parameters: mfbench.NoParameters) -> mfbench.Facts:
    """A gradient under a shear: no gradient, and no control solves it. The axes are those of the flow: not rotated."""
    del parameters
    return mfbench.Facts(task="fokker-planck", dim=3, flags=frozenset({"stationary"}))


DUMBBELL = mfbench.ProblemEntry(
    name="fokker-planck/dumbbell",
    summary="Two beads on a spring that repel each other, in a shear flow: the law of their distance in space.",
    formula=(
        "b = -x / 2 + (alpha / (2 q^5)) exp(-|x|^2 / (2 q^2)) x + x_2 e_1, alpha = .1, q = .5, D = 1/2. "
        "Box [-10, 10] x [-6, 6]^2. No closed form."
    ),
    source=(
        "Dolgov, Khoromskij, Oseledets, SIAM J. Sci. Comput. 34 (2012) A3016, and fpcross, arXiv 2102.08143, who "
        "follow it from N(0, I) to T = 10 in [-10, 10]^3; here the law at rest."
    ),
    facts=facts,
    build="mfbench_fokker_planck.dumbbell:build",
    judge="mfbench_fokker_planck.dumbbell:judge",
    instances={"standard": ({},), "full": ({},)},
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)
