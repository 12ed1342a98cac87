"""From an order to what a child runs: the problem, the solver's parameters, the solver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mfbench.order import Order
from mfbench.parameters import make_parameters
from mfbench.registry import load_file, resolve
from mfbench.solver import Checkpoint, Context


@dataclass(frozen=True)
class Prepared:
    """A trial's problem and solver, imported and built."""

    run: str
    problem: Any
    settings: Any
    solve: Callable[[Any, Any, Context], Any]

    def checkpoints(self, context: Context, problem: Any = None) -> Iterator[Checkpoint]:
        """Start the solver, on another form of the problem if one is given.

        Raises:
            TypeError: it gave no iterator.
        """
        answer = self.solve(self.problem if problem is None else problem, self.settings, context)
        if not hasattr(answer, "__next__"):
            raise TypeError(
                f"{self.run} returned {type(answer).__name__}; expected an iterator of Checkpoints "
                "(write it as a generator)."
            )
        return answer  # type: ignore[no-any-return]


def prepared(order: Order) -> Prepared:
    """Import and build what an order names; a stranger's code, which may raise anything."""
    for file in order.plugins:
        load_file(Path(file))
    parameters = make_parameters(resolve(order.problem_type), order.problem_parameters, order.build)
    problem = resolve(order.build)(parameters, order.problem_seed)
    settings = make_parameters(resolve(order.solver_type), order.solver_parameters, order.run)
    return Prepared(order.run, problem, settings, resolve(order.run))


def checked(checkpoint: Any, run: str) -> Checkpoint:
    """What a solver yielded.

    Raises:
        TypeError: it is no checkpoint.
    """
    if not isinstance(checkpoint, Checkpoint):
        raise TypeError(f"{run} yielded {type(checkpoint).__name__}; expected a Checkpoint.")
    return checkpoint
