"""The entry of `is-sgd`."""

from dataclasses import dataclass
from typing import Any

import mfbench
from mfbench.checks import above_zero, at_least, finite_from, multiple_of, one_of
from mfbench.demands import reversible_only


@dataclass(frozen=True, kw_only=True)
class ImportanceSampling:
    """Parameters of `is-sgd`; those of the first paper's variant are `mfbench_jax.is_sgd_entry.AS_PUBLISHED`.

    Args:
        windows: umbrella windows L of one ladder, >= 3.
        ladders: independent ladders R, >= 2; every window has one walker in each.
        moves: Langevin steps of every walker between two updates.
        network: "perceptron", or "mean-field", one hidden layer whose units are particles.
        width, depth: hidden units of a layer; hidden layers of the perceptron.
        symmetric: where the coordinates are those of identical particles, the network is given functions that do not tell
            them apart (`mfbench/particles.py`); else, and without, it is given the coordinates.
        rate, warm_up, halving: learning rate `rate min(1, t / warm_up) / sqrt(1 + t / halving)` at step t.
        optimiser: "adam" or "sgd"; with "sgd" a step of the mean-field network is `rate` in particle time.
        windows_in: "logit" places windows in logit f, "q" in f itself as the first paper does.
        exchange: neighbouring windows exchange walkers.
        boundary: "lift" is exact on A and B; with "penalty" the values there are learned.
        penalty: weight p of their mean squares, in units of the energy of f stretched to contrast 1. It leaves about
            1 / (2 + p) on A, and as much less than 1 on B. With a lift it acts only where f would rise
            within about a thousandth of the way from a set.
        calibrate: the flux through the level sets of f sets the values on them.
        lift_depth: how far from A and B the boundary functions are listened to, as a share of their
            value at the other set; in more than ten dimensions less by sqrt(10 / d).
        memory: updates over which overlaps are averaged at first; a tenth of the run later on. 0: weights come from the
            last look alone.
        sampler: "umbrella"; "string": walkers stay in the cells of a string of `windows` nodes; or "unbiased": they follow
            mu itself, from either set as many, and all weigh the same. With the latter two windows_in and exchange have no
            say.
        supervised: outcomes of trajectories join the loss.
        start: where walkers in windows start: at the start points of the "sets", or on the straight "line" between them,
            as public code does. Who starts on a line starts in one channel.
        heat: temperature over the problem's at which walkers in windows along logit f begin again where these reach so
            far that transitions are rare; they cool until two fifths of the run (`mfbench/hot_start.py`). 1: they do not.
        updates: after how many it ends, a multiple of 4; 0: when it is stopped.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    network: str = "perceptron"
    width: int = 64
    depth: int = 2
    symmetric: bool = True
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 1000
    optimiser: str = "adam"
    windows_in: str = "logit"
    exchange: bool = True
    boundary: str = "lift"
    penalty: float = 100.0
    calibrate: bool = True
    lift_depth: float = 0.2
    memory: int = 50
    sampler: str = "umbrella"
    supervised: bool = False
    start: str = "sets"
    heat: float = 4.0
    updates: int = 0

    def __post_init__(self) -> None:
        at_least(
            self, windows=3, ladders=2, moves=1, width=1, depth=1, warm_up=1, halving=1, memory=0, updates=0
        )
        multiple_of(self, updates=4)
        above_zero(self, "rate", "lift_depth", "penalty")
        finite_from(self, heat=1.0)
        one_of(self, "optimiser", ("adam", "sgd"))
        one_of(self, "windows_in", ("logit", "q"))
        one_of(self, "network", ("perceptron", "mean-field"))
        one_of(self, "boundary", ("lift", "penalty"))
        one_of(self, "sampler", ("umbrella", "string", "unbiased"))
        one_of(self, "start", ("sets", "line"))


AS_PUBLISHED: dict[str, Any] = {
    "windows_in": "q",
    "network": "mean-field",
    "optimiser": "sgd",
    "rate": 0.1,
    "exchange": False,
    "calibrate": False,
    "boundary": "penalty",
    "symmetric": False,
}
"""The settings by which it, or its twin in torch, is the first paper's. Otherwise than there, walkers follow the averaged
network, gradients are bounded, the energy is counted in units of its running mean, and the rate falls."""

IS_SGD = mfbench.SolverEntry(
    name="is-sgd",
    task="committor",
    summary="Ritz energy by stochastic gradients on walkers in umbrella windows along the current solution.",
    source=(
        "Rotskoff, Mitchell, Vanden-Eijnden, Active importance sampling for variational objectives dominated by rare "
        "events, arXiv 2008.06334; windows in logit q, exact boundary values and averaged weights are ours. So "
        "are hot walkers. Options sampler=string and supervised=true: Hasyim, Batton, Mandadapu, arXiv 2107.13522."
    ),
    run="mfbench_jax.is_sgd:solve",
    parameters=ImportanceSampling,
    supports=reversible_only,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
