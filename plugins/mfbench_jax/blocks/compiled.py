"""Compilation in proportion to use: what runs once, or seldom, need not be compiled for seconds of a budget.

XLA optimises every function as if it ran for hours. Its fusion emitters for CPUs also compile every fused loop by a
pipeline of its own, and a training has hundreds of small ones (jax 0.10). What was measured: docs/decisions/0062.

Only a function that no other compiled one calls can have options of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax

Options = dict[str, bool | int | float | str]

ONCE: Options = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
SELDOM: Options = {"xla_cpu_use_fusion_emitters": False}


def once(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, compiled in a third of the time; its loops are several times as slow."""
    return jax.jit(f, compiler_options=known(ONCE))


def seldom(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, compiled in two thirds of the time; it is a fifth to a third slower."""
    return jax.jit(f, compiler_options=known(SELDOM))


def known(options: Options) -> Options:
    """Those of the options that this jaxlib knows."""
    return {name: value for name, value in options.items() if _is_known(name, value)}


@cache
def _is_known(name: str, value: bool | int | float | str) -> bool:
    try:
        jax.jit(lambda x: x, compiler_options={name: value}).lower(0.0).compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True
