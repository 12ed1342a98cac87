"""The entries of the committor solvers of this package."""

import mfbench

from .parameters import GaussNewton, ImportanceSampling, MeanField


def reversible_only(facts: mfbench.Facts) -> str | None:
    """The Ritz form exists for gradient drifts only."""
    return None if "reversible" in facts.flags else "the Ritz energy needs a gradient drift"


GAUSS_NEWTON = mfbench.SolverEntry(
    name="gauss-newton",
    task="committor",
    summary="Backward Kolmogorov equation by Gauss-Newton on a pool of walkers' points, after a warm-up on the Ritz energy.",
    source=(
        "Walkers: Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334. Damping: Nielsen, IMM-REP-1999-05. Distances for "
        "boundary values: Sukumar, Srivastava, arXiv 2104.08426. Their combination, and the pool, are ours."
    ),
    run="mfbench_jax.gauss_newton:solve",
    parameters=GaussNewton,
    supports=reversible_only,
    extras=("jax",),
)

IS_SGD = mfbench.SolverEntry(
    name="is-sgd",
    task="committor",
    summary="Ritz energy by stochastic gradients on walkers in umbrella windows along the current solution.",
    source=(
        "Rotskoff, Mitchell, Vanden-Eijnden, Active importance sampling for variational objectives dominated by rare "
        "events, arXiv 2008.06334; windows in logit q, exact boundary values and averaged weights are ours."
    ),
    run="mfbench_jax.is_sgd:solve",
    parameters=ImportanceSampling,
    supports=reversible_only,
    extras=("jax",),
)

PARTICLE_SGD = mfbench.SolverEntry(
    name="particle-sgd",
    task="committor",
    summary="Ritz energy of a mean-field two-layer network by plain SGD on unbiased walkers; expected to miss rare events.",
    source="Rotskoff, Vanden-Eijnden, arXiv 1805.00915 (particle time step); Khoo, Lu, Ying, arXiv 1802.10275 (Ritz form).",
    run="mfbench_jax.particle_sgd:solve",
    parameters=MeanField,
    supports=reversible_only,
    extras=("jax",),
)
