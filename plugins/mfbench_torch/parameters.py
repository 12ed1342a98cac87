"""Parameters of the committor solvers of this package; importing them imports no framework.

They are those of the jax twins but for two options of `is-sgd` that exist in jax only: sampler and supervised.
"""

from __future__ import annotations

from dataclasses import dataclass

from mfbench.checks import above_zero, at_least, one_of


@dataclass(frozen=True, kw_only=True)
class ImportanceSampling:
    """Parameters of `is-sgd`; nearest to the first paper is [windows_in=q,network=mean-field,optimiser=sgd,rate=0.1,
    exchange=false,calibrate=false]. Its penalty on the boundary values is not offered: twice it did not learn.

    Args:
        windows: umbrella windows L of one ladder, >= 3.
        ladders: independent ladders R, >= 2; every window has one walker in each.
        moves: Langevin steps of every walker between two updates.
        network: "perceptron", or "mean-field", one hidden layer whose units are particles.
        width, depth: hidden units of a layer; hidden layers of the perceptron.
        rate, warm_up, halving: learning rate `rate min(1, t / warm_up) / sqrt(1 + t / halving)` at step t.
        optimiser: "adam" or "sgd"; with "sgd" a step of the mean-field network is `rate` in particle time.
        windows_in: "logit" places windows in logit f, "q" in f itself as the first paper does.
        exchange: neighbouring windows exchange walkers.
        calibrate: the flux through the level sets of f sets the values on them.
        lift_depth: how far from A and B the boundary functions are listened to, as a share of their
            value at the other set.
        memory: updates over which overlaps are averaged at first; a tenth of the run later on.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    network: str = "perceptron"
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 1000
    optimiser: str = "adam"
    windows_in: str = "logit"
    exchange: bool = True
    calibrate: bool = True
    lift_depth: float = 0.2
    memory: int = 50

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, warm_up=1, halving=1, memory=1)
        above_zero(self, "rate", "lift_depth")
        one_of(self, "optimiser", ("adam", "sgd"))
        one_of(self, "windows_in", ("logit", "q"))
        one_of(self, "network", ("perceptron", "mean-field"))


@dataclass(frozen=True, kw_only=True)
class MeanField:
    """Parameters of `particle-sgd`.

    Args:
        particles: units n of the mean-field network.
        walkers: unbiased walkers, the batch P of every step, >= 2.
        moves: Langevin steps of every walker between two updates.
        step: particle time of one update, dt; there is no 1/n in it.
        lift_depth: as in `is-sgd`.

    Raises:
        ValueError: a value outside its range.
    """

    particles: int = 256
    walkers: int = 384
    moves: int = 4
    step: float = 0.02
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, particles=1, walkers=2, moves=1)
        above_zero(self, "step", "lift_depth")
