"""Controls: solvers that learn nothing. What they reach, a method must beat."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least
from mfbench.demands import one_elliptic_equation, scalar_noise_only, stationary_only, transient_only


@dataclass(frozen=True, kw_only=True)
class StraightLineParameters:
    """Parameters of `straight-line`.

    Args:
        panels: of the quadrature between A and B, >= 1.

    Raises:
        ValueError: no panel.
    """

    panels: int = 2048

    def __post_init__(self) -> None:
        if self.panels < 1:
            raise ValueError(f"panels is {self.panels}; expected >= 1.")


@dataclass(frozen=True, kw_only=True)
class LineIntegralParameters:
    """Parameters of `line-integral`.

    Args:
        points: Gauss-Legendre nodes from the centre to a point, >= 1.
        panels: of the quadrature along a ray that gives the normalisation, >= 1.
        directions: at most this many rays are used for the normalisation.

    Raises:
        ValueError: a number below 1.
    """

    points: int = 64
    panels: int = 48
    directions: int = 8192

    def __post_init__(self) -> None:
        at_least(self, points=1, panels=1, directions=1)


@dataclass(frozen=True, kw_only=True)
class DriftPlusQuadraticParameters:
    """Parameters of `drift-plus-quadratic`.

    Args:
        walkers: at which the residual is taken; with fewer than twice the d (d + 3) / 2 numbers of the correction, its
            matrix is diagonal.
        burn_in: Euler-Maruyama steps of the walkers.
        nodes: Gauss-Legendre nodes from the centre to a point, >= 1.
        panels, directions: as in `line-integral`.

    Raises:
        ValueError: a number below 1.
    """

    walkers: int = 1000
    burn_in: int = 400
    nodes: int = 32
    panels: int = 48
    directions: int = 8192

    def __post_init__(self) -> None:
        at_least(self, walkers=2, burn_in=1, nodes=1, panels=1, directions=1)


@dataclass(frozen=True, kw_only=True)
class GaussianClosureParameters:
    """Parameters of `gaussian-closure`.

    Args:
        max_steps: at most this many steps over the horizon, >= 16.

    Raises:
        ValueError: fewer steps.
    """

    max_steps: int = 8192

    def __post_init__(self) -> None:
        at_least(self, max_steps=16)


def elliptic_and_stationary(facts: mfbench.Facts) -> str | None:
    """The line integral of b / D says nothing of a law that changes in time, nor where D is no number."""
    return stationary_only(facts) or scalar_noise_only(facts)


CONTROLS = [
    mfbench.SolverEntry(
        name="constant",
        task="committor",
        summary="q = 1/2 everywhere.",
        source="Elementary: the score of knowing nothing.",
        run="mfbench_controls.constant:solve",
        control=True,
    ),
    mfbench.SolverEntry(
        name="bare-lift",
        task="committor",
        summary="phi_A / (phi_A + phi_B) from the boundary functions alone; the potential is not used.",
        source="The usual way to build in boundary conditions, before any training.",
        run="mfbench_controls.bare_lift:solve",
        control=True,
    ),
    mfbench.SolverEntry(
        name="straight-line",
        task="committor",
        summary="The one-dimensional committor along the line from A to B, projected.",
        source="Gardiner, Handbook of Stochastic Methods, exit through a particular end of an interval.",
        run="mfbench_controls.straight_line:solve",
        parameters=StraightLineParameters,
        control=True,
    ),
    mfbench.SolverEntry(
        name="line-integral",
        task="fokker-planck",
        summary="log p from the integral of the drift along rays: exact for gradient drifts that do not depend on the law.",
        source="Gardiner, Handbook of Stochastic Methods, potential conditions for stationary solutions.",
        run="mfbench_controls.line_integral:solve",
        parameters=LineIntegralParameters,
        supports=elliptic_and_stationary,
        control=True,
    ),
    mfbench.SolverEntry(
        name="drift-plus-quadratic",
        task="fokker-planck",
        summary="The line integral of the drift and a quadratic form of least residual: exact for linear drifts, too.",
        source="Stationary equation for log p: Risken, The Fokker-Planck Equation, eq. 6.21, divided by p.",
        run="mfbench_controls.drift_plus_quadratic:solve",
        parameters=DriftPlusQuadraticParameters,
        supports=one_elliptic_equation,
        control=True,
    ),
    mfbench.SolverEntry(
        name="gaussian-closure",
        task="fokker-planck",
        summary="Mean and covariance in time, the drift averaged over a Gaussian: exact for linear drifts and interactions.",
        source="Risken, The Fokker-Planck Equation, section 6.4; cubature: Arasaratnam, Haykin, IEEE TAC 54 (2009) 1254.",
        run="mfbench_controls.gaussian_closure:solve",
        parameters=GaussianClosureParameters,
        supports=transient_only,
        control=True,
    ),
    mfbench.SolverEntry(
        name="constant",
        task="regression",
        summary="The mean of the labels, everywhere.",
        source="The score of knowing nothing of x: the best constant, up to the sampling of its value.",
        run="mfbench_controls.mean_label:solve",
        control=True,
    ),
]


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The controls of all tasks."""
    return CONTROLS
