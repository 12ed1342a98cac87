"""Seeds: every random stream of the suite grows from one root by names.

The same repetition gives the same problem data (rotation, boundary factors) to every solver,
so that solvers are compared in pairs.
"""

from __future__ import annotations

import hashlib

ROOT = "mfbench"


def seed_of(*names: str | int) -> int:
    """A 63-bit seed that depends on every name and on their order.

    Examples:
        >>> seed_of("problem", "committor/arc", 0) == seed_of("problem", "committor/arc", 1)
        False
    """
    text = "\0".join([ROOT, *(f"{type(name).__name__}:{name}" for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def problem_seed(problem: str, repetition: int) -> int:
    """What fixes a problem's data in a repetition, whatever its parameters and the solver."""
    return seed_of("problem", problem, repetition)


def solver_seed(problem: str, solver: str, repetition: int) -> int:
    """The root of a solver's own randomness in a trial."""
    return seed_of("solver", problem, solver, repetition)
