"""Parameters of the committor solvers of this package; importing them imports no framework."""

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
        sampler: "umbrella", or "string": walkers stay in the cells of a string of `windows` nodes; then windows_in and
            exchange have no say.
        supervised: outcomes of trajectories join the loss.

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
    sampler: str = "umbrella"
    supervised: bool = False

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, warm_up=1, halving=1, memory=1)
        above_zero(self, "rate", "lift_depth")
        one_of(self, "optimiser", ("adam", "sgd"))
        one_of(self, "windows_in", ("logit", "q"))
        one_of(self, "network", ("perceptron", "mean-field"))
        one_of(self, "sampler", ("umbrella", "string"))


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
class Shooting:
    """Parameters of `shooting`.

    Args:
        walkers: trajectories at a time.
        stretch: time steps between two looks at them.
        width, depth: hidden units of a layer, hidden layers of the network that smooths the outcomes.
        rate, warm_up, halving, lift_depth: as in `is-sgd`.

    Raises:
        ValueError: a value outside its range.
    """

    walkers: int = 512
    stretch: int = 32
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, walkers=1, stretch=1, width=1, depth=1, warm_up=1, halving=1)
        above_zero(self, "rate", "lift_depth")


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """Parameters of `splitting`.

    Args:
        paths: of all replicas of a round together.
        replicas: independent ones, >= 2; the spread over them is the error bar.
        killed: share of the paths killed in an iteration, in (0, 1).
        walkers: about home, that count exits, >= 2.
        stretch: time steps between two looks.
        width, depth, rate, warm_up, halving, lift_depth: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    paths: int = 512
    replicas: int = 4
    killed: float = 0.4
    walkers: int = 256
    stretch: int = 16
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, replicas=2, walkers=2, stretch=1, width=1, depth=1, warm_up=1, halving=1)
        at_least(self, paths=2 * self.replicas)
        above_zero(self, "rate", "lift_depth", "killed")
        if not self.killed < 1:
            raise ValueError(f"killed is {self.killed}; expected a number in (0, 1).")


@dataclass(frozen=True, kw_only=True)
class MarkovModel:
    """Parameters of `markov-model`.

    Args:
        functions: of the basis, at most, >= 2.
        lag: time steps of a trajectory.
        tolerance: size of the components of the basis that are kept, as a share of the largest, in (0, 1).
        lift_depth: as in `is-sgd`.

    Raises:
        ValueError: a value outside its range.
    """

    functions: int = 400
    lag: int = 64
    tolerance: float = 3e-3
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, functions=2, lag=1)
        above_zero(self, "tolerance", "lift_depth")
        if not self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance}; expected a number in (0, 1).")


@dataclass(frozen=True, kw_only=True)
class Semigroup:
    """Parameters of `semigroup`.

    Args:
        lag: time steps of a trajectory.
        width, depth, rate, warm_up, halving, lift_depth: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    lag: int = 64
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, lag=1, width=1, depth=1, warm_up=1, halving=1)
        above_zero(self, "rate", "lift_depth")


@dataclass(frozen=True, kw_only=True)
class LogSemigroup:
    """Parameters of `log-semigroup`.

    Args:
        chains: of swarms at a time, half of them from A and half from B, >= 2.
        swarm: trajectories from one place, >= 2.
        lag: time steps of a trajectory.
        walkers: about each of the sets, that count exits, >= 2.
        unbiased: the slope of the loss by log q is 1 - mean / q, not 2 (log q - log mean).
        width, depth, rate, warm_up, halving, lift_depth: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    chains: int = 64
    swarm: int = 16
    lag: int = 32
    walkers: int = 128
    unbiased: bool = True
    width: int = 64
    depth: int = 2
    rate: float = 1e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, chains=2, swarm=2, lag=1, walkers=2, width=1, depth=1, warm_up=1, halving=1)
        above_zero(self, "rate", "lift_depth")


@dataclass(frozen=True, kw_only=True)
class Pinn:
    """Parameters of `pinn`.

    Args:
        windows, ladders, moves: as in `is-sgd`.
        hottest: temperature, in units of the given one, at which training starts, >= 1.
        cooling: updates in which it falls to 1.
        width, depth, rate, warm_up, halving: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    hottest: float = 20.0
    cooling: int = 600
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 1000

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, warm_up=1, halving=1, cooling=1)
        above_zero(self, "rate")
        if not self.hottest >= 1.0:
            raise ValueError(f"hottest is {self.hottest}; expected a number >= 1.")


@dataclass(frozen=True, kw_only=True)
class GaussNewton:
    """Parameters of `gauss-newton`.

    Args:
        windows, ladders, moves: as in `is-sgd`; ladders >= 2.
        width, depth: hidden units of a layer, hidden layers.
        looks: at the walkers whose windows x ladders points join the pool, before every other step.
        pause: looks, the last of which is one of those; the others only let the walkers move on.
        pool: points at most that a step uses, the newest ones.
        spread_power: weights of squared residuals are proportional to (f (1 - f))^spread_power; 0 to 2.
        largest_change: of z in one step, at most, at all but a twentieth of the points.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    width: int = 40
    depth: int = 2
    looks: int = 3
    pause: int = 4
    pool: int = 5000
    spread_power: float = 1.0
    largest_change: float = 2.0

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, looks=1, pause=1, pool=1)
        above_zero(self, "largest_change")
        if not 0.0 <= self.spread_power <= 2.0:
            raise ValueError(f"spread_power is {self.spread_power}; expected a number from 0 to 2.")
