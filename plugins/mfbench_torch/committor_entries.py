"""The entries of the committor solvers of this package."""

import mfbench

from .parameters import ImportanceSampling, MeanField


def reversible_only(facts: mfbench.Facts) -> str | None:
    """The Ritz form exists for gradient drifts only."""
    return None if "reversible" in facts.flags else "the Ritz energy needs a gradient drift"


IS_SGD = mfbench.SolverEntry(
    name="is-sgd-torch",
    task="committor",
    summary="Ritz energy by stochastic gradients on walkers in umbrella windows along the current solution; in torch.",
    source=(
        "Rotskoff, Mitchell, Vanden-Eijnden, Active importance sampling for variational objectives dominated by rare "
        "events, arXiv 2008.06334; windows in logit q, exact boundary values and averaged weights are ours. The twin of "
        "is-sgd without its options sampler and supervised."
    ),
    run="mfbench_torch.is_sgd:solve",
    parameters=ImportanceSampling,
    supports=reversible_only,
    extras=("torch",),
)

PARTICLE_SGD = mfbench.SolverEntry(
    name="particle-sgd-torch",
    task="committor",
    summary="Ritz energy of a mean-field two-layer network by plain SGD on unbiased walkers, in torch.",
    source="Rotskoff, Vanden-Eijnden, arXiv 1805.00915 (particle time step); Khoo, Lu, Ying, arXiv 1802.10275 (Ritz form).",
    run="mfbench_torch.particle_sgd:solve",
    parameters=MeanField,
    supports=reversible_only,
    extras=("torch",),
)
