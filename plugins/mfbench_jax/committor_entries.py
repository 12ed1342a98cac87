"""The entries of the committor solvers of this package."""

import mfbench

from .parameters import (
    GaussNewton,
    ImportanceSampling,
    LogSemigroup,
    MarkovModel,
    MeanField,
    Pinn,
    Semigroup,
    Shooting,
    Splitting,
)


def reversible_only(facts: mfbench.Facts) -> str | None:
    """The Ritz form exists for gradient drifts only."""
    return None if "reversible" in facts.flags else "the Ritz energy needs a gradient drift"


def elliptic_only(facts: mfbench.Facts) -> str | None:
    """The Laplacian in the equation is that of noise of one strength in all directions."""
    return "needs noise of one strength in all directions" if "hypoelliptic" in facts.flags else None


GAUSS_NEWTON = mfbench.SolverEntry(
    name="gauss-newton",
    task="committor",
    summary="Backward Kolmogorov equation, cooled to its temperature, by Gauss-Newton on a pool of walkers' points.",
    source=(
        "Walkers: Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334. Damping: Nielsen, IMM-REP-1999-05; bent steps: "
        "Transtrum, Sethna, arXiv 1201.5885. Distances for boundary values: Sukumar, Srivastava, arXiv 2104.08426. The "
        "search for them, the cooling, the combination and the pool are ours."
    ),
    run="mfbench_jax.gauss_newton:solve",
    parameters=GaussNewton,
    supports=elliptic_only,
    extras=("jax",),
)

IS_SGD = mfbench.SolverEntry(
    name="is-sgd",
    task="committor",
    summary="Ritz energy by stochastic gradients on walkers in umbrella windows along the current solution.",
    source=(
        "Rotskoff, Mitchell, Vanden-Eijnden, Active importance sampling for variational objectives dominated by rare "
        "events, arXiv 2008.06334; windows in logit q, exact boundary values and averaged weights are ours. Options "
        "sampler=string and supervised=true: Hasyim, Batton, Mandadapu, arXiv 2107.13522."
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

SHOOTING = mfbench.SolverEntry(
    name="shooting",
    task="committor",
    summary="Trajectories to A or B from places spread over the committor's range; logistic regression of their outcomes.",
    source=(
        "Du, Pande, Grosberg, Tanaka, Shakhnovich, J. Chem. Phys. 108 (1998) 334; Peters, Trout, J. Chem. Phys. 125 "
        "(2006) 054108; starts flat in the current logit as in Jung et al., Nat. Comput. Sci. 3 (2023) 334."
    ),
    run="mfbench_jax.shooting:solve",
    parameters=Shooting,
    extras=("jax",),
)

SPLITTING = mfbench.SolverEntry(
    name="splitting",
    task="committor",
    summary="Adaptive multilevel splitting from A and from B along the committor fitted to its own branches; gives rates.",
    source=(
        "Cerou, Guyader, Stoch. Anal. Appl. 25 (2007) 417; Brehier et al., Ann. Appl. Probab. 26 (2016) 3559; the "
        "regression of all branches' outcomes is ours."
    ),
    run="mfbench_jax.splitting:solve",
    parameters=Splitting,
    extras=("jax",),
)

MARKOV_MODEL = mfbench.SolverEntry(
    name="markov-model",
    task="committor",
    summary="Galerkin's method for the process at two times: short stopped trajectories, a basis of ridge functions.",
    source=(
        "Thiede, Giannakis, Dinner, Weare, J. Chem. Phys. 150 (2019) 244111; Strahan et al., J. Chem. Theory Comput. 17 "
        "(2021) 2948; directions from the last solution's gradients as in Aristoff et al., J. Chem. Phys. 161 (2024) 084113."
    ),
    run="mfbench_jax.markov_model:solve",
    parameters=MarkovModel,
    extras=("jax",),
)

SEMIGROUP = mfbench.SolverEntry(
    name="semigroup",
    task="committor",
    summary="A network trained on q(x) = E q(X at a short time later), squares estimated from two independent trajectories.",
    source="Li, Khoo, Ren, Ying, arXiv 2012.06727; two shots against the bias of squares: Baird, ICML 1995, 30.",
    run="mfbench_jax.semigroup:solve",
    parameters=Semigroup,
    extras=("jax",),
)

PINN = mfbench.SolverEntry(
    name="pinn",
    task="committor",
    summary="Residual of the backward Kolmogorov equation by Adam, on walkers in umbrella windows along the solution.",
    source=(
        "Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019) 686, on the equation for the logit; Laplacian: Li et "
        "al., Nature Machine Intelligence 6 (2024) 209; walkers: Rotskoff et al., arXiv 2008.06334."
    ),
    run="mfbench_jax.pinn:solve",
    parameters=Pinn,
    extras=("jax",),
)

LOG_SEMIGROUP = mfbench.SolverEntry(
    name="log-semigroup",
    task="committor",
    summary="Logarithms of q and 1 - q regressed on those of swarms' means along chains from A and from B; gives rates.",
    source="Mitchell, Rotskoff, Committor guided estimates of molecular transition rates, J. Chem. Theory Comput. (2024).",
    run="mfbench_jax.log_semigroup:solve",
    parameters=LogSemigroup,
    extras=("jax",),
)
