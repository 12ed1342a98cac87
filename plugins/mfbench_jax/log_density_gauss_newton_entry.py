"""The entry of `log-density-gauss-newton`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least
from mfbench.demands import one_stationary_equation


@dataclass(frozen=True, kw_only=True)
class LogDensityParameters:
    """Parameters of `log-density-gauss-newton`.

    Args:
        width: units of each hidden layer.
        depth: hidden layers, >= 1.
        points: where the residual is taken in one step.
        walkers: of the pool that the points are drawn from; at least `points` of them must not be hot.
        hot_share: share of the walkers, in [0, 0.9], that feel `temperature` times the diffusion, for tails and barriers.
        temperature: >= 1.
        burn_in: Euler-Maruyama steps before the start, half of them hot for every walker; six walkers part late.
        refresh: Gauss-Newton steps between two draws of points from the pool.
        walk: Euler-Maruyama steps of the pool at each draw.
        projection: at most so many sweeps of Adam that fit D grad u to the drift, where the residual stalls at first.
        components: at most so many Gaussians in the mixture that the answer starts from and contains.

    Raises:
        ValueError: a value outside its range.
    """

    width: int = 16
    depth: int = 4
    points: int = 2000
    walkers: int = 6000
    hot_share: float = 0.3
    temperature: float = 2.0
    burn_in: int = 600
    refresh: int = 10
    walk: int = 20
    projection: int = 40
    components: int = 4

    def __post_init__(self) -> None:
        at_least(self, width=1, depth=1, points=1, burn_in=1, refresh=1, walk=1, components=1, projection=0)
        if not 0.0 <= self.hot_share <= 0.9:
            raise ValueError(f"hot_share is {self.hot_share}; expected a share in [0, 0.9].")
        if self.cold_walkers < self.points:
            raise ValueError(
                f"walkers is {self.walkers}, of which {self.cold_walkers} are not hot; expected at least "
                f"points = {self.points} of these. Raise walkers or lower hot_share or points."
            )
        if not self.temperature >= 1.0:
            raise ValueError(f"temperature is {self.temperature}; expected >= 1.")

    @property
    def cold_walkers(self) -> int:
        """Walkers whose law is p."""
        return self.walkers - round(self.hot_share * self.walkers)


LOG_DENSITY_GAUSS_NEWTON = mfbench.SolverEntry(
    name="log-density-gauss-newton",
    task="fokker-planck",
    summary="A mixture and a tanh network for log p, fitted to the stationary equation by Gauss-Newton on walkers' points.",
    source=(
        "Equation for log p: Hu, Zhang, Karniadakis, Kawaguchi, arXiv 2402.07465. Damping: Nielsen, IMM-REP-1999-05. "
        "Shifted lattices: Dick, Kuo, Sloan, Acta Numerica 22 (2013) 133."
    ),
    run="mfbench_jax.log_density_gauss_newton:solve",
    parameters=LogDensityParameters,
    supports=one_stationary_equation,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
