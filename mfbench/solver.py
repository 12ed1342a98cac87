"""What a plugin hands to the host: solver entries, problem entries, checkpoints.

Nothing here imports numpy or a framework, so that `mfbench list`, planning and
parameter errors stay fast and work where no framework is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

API = 1
"""The number that an entry states as `api`. The host refuses any other, by name."""


@dataclass(frozen=True)
class NoParameters:
    """The parameters of an entry that has none."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a solver may ask of a problem before it runs: `supports(facts)`.

    Args:
        task: the task's name, for example "committor".
        dim: dimension d of the space in which points x live.
        flags: properties in the field's words: "reversible" (drift is -grad V, noise of one strength),
            "anisotropic" (noise that is no scalar: another strength in some direction or place), "hypoelliptic" (noise in
            some directions only), "multiplicative" (noise that depends on the place), "stationary" or "transient" (the law
            asked for), "exchangeable" (particles in any order), "interacting" (the drift depends on the law itself: a
            nonlinear equation), "periodic" (points on a torus), "gradient" (a drift without interactions that is -grad V,
            noise of one strength), "separable" (the answer is a product, or depends on one coordinate, in coordinates that
            may be hidden), "rotated". Unknown flags are to be ignored.
    """

    task: str
    dim: int
    flags: frozenset[str] = frozenset()


def supports_everything(facts: Facts) -> str | None:
    """The default of `SolverEntry.supports`: no problem of the task is refused."""
    del facts
    return None


@dataclass(frozen=True, kw_only=True)
class SolverEntry:
    """A solver on offer. Light: building it imports no framework.

    Args:
        name: lower case, digits and hyphens; what a user types after `-s`.
        task: the task that it solves.
        summary: one sentence for tables.
        source: where the method is described, down to the equation.
        run: "module:function", imported only in a trial's child. The function is
            `solve(problem, parameters, context) -> Iterator[Checkpoint]`.
        parameters: a frozen dataclass of int, float, bool, str fields with defaults.
        supports: takes `Facts`, returns None or the reason why not.
        extras: the extras of the distribution that it needs ("jax",). A framework of
            that name is imported ahead by the fork server.
        devices: the device classes that it can use, best last.
        control: True for a solver that learns nothing, and stands in every table.
        api: must equal `mfbench.API`.
    """

    name: str
    task: str
    summary: str
    source: str
    run: str
    parameters: type = NoParameters
    supports: Callable[[Facts], str | None] = supports_everything
    extras: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("cpu",)
    control: bool = False
    api: int = API


@dataclass(frozen=True, kw_only=True)
class ProblemEntry:
    """A family of problems on offer; an instance is the entry with parameters.

    Args:
        name: "task/family", for example "committor/mueller".
        summary: one sentence: what it is and what is hard about it.
        formula: the definition with every constant, as plain text.
        source: where it comes from.
        facts: parameters -> `Facts`.
        build: "module:function", `build(parameters, seed) -> problem`, called in the child.
            `seed` fixes what differs between repetitions (rotation, boundary factors).
        judge: "module:function", `judge(parameters, seed) -> judge`, called in the parent.
        parameters: a frozen dataclass, as in `SolverEntry`.
        instances: preset name -> parameter overrides of its standard instances.
            "quick" holds at most one; a preset that is absent holds none.
        targets: decades of the headline error that define cost, largest first.
        second_route: "module:function", `second_route(parameters, seed) -> SecondRoute`: the answer found in another way
            than the judge's, for `mfbench check`; "" where none is offered.
        api: must equal `mfbench.API`.
    """

    name: str
    summary: str
    formula: str
    source: str
    facts: Callable[[Any], Facts]
    build: str
    judge: str
    parameters: type = NoParameters
    instances: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    targets: tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
    second_route: str = ""
    api: int = API

    @property
    def task(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A solution as it stands at one moment.

    Args:
        evaluate: `evaluate(state, x)` with x a float64 numpy array (n, d) gives the n
            values of the answer (q(x); log p(x)), as any array that numpy can read. For a
            time-dependent law x is (n, d + 1), the last column the time.
            It must be the same function object all through a trial, jitted once. It reads the answer off the
            state: of V, its gradient or the drift it asks at x alone, or at few points where a formula wants them.
        state: whatever `evaluate` needs. The host keeps it after the solver goes on, so
            arrays in it must not be changed in place afterwards.
        work: counted effort so far. "evaluations" is the number of points at which V,
            its gradient or the drift was evaluated; "samples" and "nodes" are free. Whole numbers >= 0.
        reports: what the solver says of itself: "rate", "rate_error", "error_estimate",
            diagnostics. Finite floats; never used for ranking. "walkers_escaped", walkers outside the problem's box,
            summed over looks at them, stands in the trial's sentence. Both hold at most `effort.MOST_NAMES` names.
        gradient: `gradient(state, x)` -> (n, d), if the solver has it; otherwise the host
            takes central differences of `evaluate`.
        milestone: a moment that the solver's parameters name: it is looked at whatever the clock says, and
            its values at the judge's looks are kept. At most `clock.MOST_MILESTONES` in a trial.
    """

    evaluate: Callable[[Any, np.ndarray], Any]
    state: Any
    work: Mapping[str, int] = field(default_factory=dict)
    reports: Mapping[str, float] = field(default_factory=dict)
    gradient: Callable[[Any, np.ndarray], Any] | None = None
    milestone: bool = False


class Diverged(Exception):
    """Raised by a solver whose iteration has left the finite numbers: the trial ends with the status `diverged`.

    The message is the record's sentence: the step, and the number that left. What was seen before stays
    on record, nothing is scored. For anything else that goes wrong raise an ordinary exception.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The circumstances of one trial, as a solver may know them.

    Args:
        seed: root of all randomness of the solver in this trial.
        device: "cpu" or "cuda".
        threads: cores that the trial may use.
        budget: seconds for set-up and solving together; evaluation is not counted.
        elapsed: seconds of the budget that are used up now.
    """

    seed: int
    device: str
    threads: int
    budget: float
    elapsed: Callable[[], float]
