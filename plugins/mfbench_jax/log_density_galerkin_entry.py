"""The entry of `log-density-galerkin`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least
from mfbench.demands import one_equation_in_time
from mfbench_jax.walkers_step import stable_share


@dataclass(frozen=True, kw_only=True)
class GalerkinParameters:
    """Parameters of `log-density-galerkin`.

    Args:
        reduce: whether coordinates with noise of one strength are looked for.
        degree: of the polynomials of the first sweep.
        order: variables in one polynomial, at most.
        polynomials: of degree 3 and more, at most.
        quadratic_terms: of a general quadratic form, at most; where it has more, squares along the axes stand in for it.
        walkers: least number in a sweep.
        walkers_per_function: in a sweep, at least.
        most_walkers: the end when the least number has risen beyond this.
        census: walkers that judge and normalise, and as many others to fit snapshots to.
        stretches: of the horizon, with walkers of their own.
        step_share: time step of walkers times the norm of the drift's Jacobian.
        max_steps: over the horizon; a drift that needs more is too stiff.

    Raises:
        ValueError: a value outside its range.
    """

    reduce: bool = True
    degree: int = 4
    order: int = 3
    polynomials: int = 600
    quadratic_terms: int = 1500
    walkers: int = 2000
    walkers_per_function: int = 4
    most_walkers: int = 32_000
    census: int = 20_000
    stretches: int = 24
    step_share: float = 0.1
    max_steps: int = 200_000

    def __post_init__(self) -> None:
        at_least(
            self,
            degree=2,
            order=1,
            polynomials=1,
            quadratic_terms=0,
            walkers=100,
            walkers_per_function=2,
            census=1000,
            stretches=1,
            max_steps=64,
        )
        stable_share(self)


LOG_DENSITY_GALERKIN = mfbench.SolverEntry(
    name="log-density-galerkin",
    task="fokker-planck",
    summary="log p as a moving Gaussian, the start's shape and polynomials that follow the equation by least squares.",
    source=(
        "Dirac-Frenkel by least squares: Bruna, Peherstorfer, Vanden-Eijnden, J. Comp. Phys. 496 (2024) 112588. "
        "Reducible diffusions: Ait-Sahalia, Annals of Statistics 36 (2008) 906."
    ),
    run="mfbench_jax.log_density_galerkin:solve",
    parameters=GalerkinParameters,
    supports=one_equation_in_time,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
