"""Parameters of the committor solvers of this package; importing them imports no framework."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ImportanceSampling:
    """Parameters of `is-sgd`.

    Args:
        windows: umbrella windows L of one ladder, >= 3.
        ladders: independent ladders R, >= 2; every window has one walker in each.
        moves: Langevin steps of every walker between two updates.
        width, depth: hidden units of a layer, hidden layers.
        rate, warm_up, halving: learning rate `rate min(1, t / warm_up) / sqrt(1 + t / halving)` at step t.
        optimiser: "adam" or "sgd".
        windows_in: "logit" places windows in logit f, "q" in f itself as the first paper does.
        lift_depth: how far from A and B the boundary functions are listened to, as a share of their
            value at the other set.
        memory: updates over which overlaps are averaged at first; a tenth of the run later on.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 1000
    optimiser: str = "adam"
    windows_in: str = "logit"
    lift_depth: float = 0.2
    memory: int = 50

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, warm_up=1, halving=1, memory=1)
        above_zero(self, "rate", "lift_depth")
        one_of(self, "optimiser", ("adam", "sgd"))
        one_of(self, "windows_in", ("logit", "q"))


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


@dataclass(frozen=True, kw_only=True)
class GaussNewton:
    """Parameters of `gauss-newton`.

    Args:
        windows, ladders, moves: as in `is-sgd`; ladders >= 2.
        width, depth: hidden units of a layer, hidden layers.
        warm_up: updates of Adam on the Ritz energy, at least, before the first Gauss-Newton step.
        looks: at the walkers between two steps whose windows x ladders points join the pool.
        pause: looks, the last of which is one of those; the others only let the walkers move on.
        pool: points at most that a step uses, the newest ones.
        spread_power: weights of squared residuals are proportional to (f (1 - f))^spread_power; 0 to 2.
        largest_change: of z in one step, at all but a twentieth of the points.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    width: int = 40
    depth: int = 2
    warm_up: int = 300
    looks: int = 3
    pause: int = 4
    pool: int = 5000
    spread_power: float = 1.0
    largest_change: float = 0.3

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, warm_up=1, looks=1, pause=1, pool=1)
        above_zero(self, "largest_change")
        if not 0.0 <= self.spread_power <= 2.0:
            raise ValueError(f"spread_power is {self.spread_power}; expected a number from 0 to 2.")


def at_least(parameters: object, **bounds: int) -> None:
    """Refuse whole numbers below their bounds."""
    for name, bound in bounds.items():
        value = getattr(parameters, name)
        if value < bound:
            raise ValueError(f"{name} is {value}; expected a whole number >= {bound}.")


def above_zero(parameters: object, *names: str) -> None:
    """Refuse numbers that are not above zero."""
    for name in names:
        value = getattr(parameters, name)
        if not value > 0:
            raise ValueError(f"{name} is {value}; expected a number > 0.")


def one_of(parameters: object, name: str, allowed: tuple[str, ...]) -> None:
    """Refuse words that are not allowed."""
    value = getattr(parameters, name)
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(allowed)}.")
