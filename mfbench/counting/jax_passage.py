"""Counting in jax: by executions, not by traces, whatever `jit`, `vmap`, `grad`, `scan` and `cond` make of a function.

Points pass through a primitive, `passage`, that is the identity. It carries the number of rows that it stands for; `vmap`
multiplies that number, and the compiled program calls back with it. Its value is what the function is evaluated
at, so that what a compiler drops as unused is not counted. The callback takes no array and returns none: none has to
wait for another. jax is not imported here: it is there if an array of it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

Add = Callable[[int], None]


def counted(function: Callable[..., Any], add: Add, free_derivative: bool) -> Callable[..., Any]:
    """A function of jax arrays that gives what `function` gives, and counts.

    Args:
        function: (n, d) points, and perhaps further arguments that are not differentiated -> (n,) or (n, d), row by row.
        add: is told the points.
        free_derivative: values are (n,), and their gradients come free.
    """
    jax = sys.modules["jax"]

    def evaluate(x: Any, *rest: Any) -> Any:
        rows = int(x.shape[0])

        def bare(y: Any) -> Any:
            return function(y, *rest)

        if free_derivative:
            return _potential(jax, bare, add, rows)(_pass(add, rows, x))
        # Passed within, so that the value is not counted where a compiler drops it for its derivative.
        return _derivatives_count(jax, lambda y: bare(_pass(add, rows, y)), bare, add, rows)(x)

    return evaluate


def _potential(jax: Any, function: Callable[..., Any], add: Add, rows: int) -> Callable[..., Any]:
    """A function whose derivative is an explicit gradient, so that first and further ones can be told apart."""

    def gradient(x: Any) -> Any:
        values, pull = jax.vjp(function, x)
        return pull(jax.numpy.ones_like(values))[0]

    slope = _derivatives_count(jax, gradient, gradient, add, rows)
    value = jax.custom_jvp(function)

    def push(points: tuple[Any], directions: tuple[Any]) -> tuple[Any, Any]:
        (x,), (dx,) = points, directions
        return value(x), (slope(x) * dx).sum(axis=1)

    value.defjvp(push)
    return value  # type: ignore[no-any-return]


def _derivatives_count(
    jax: Any, value: Callable[..., Any], function: Callable[..., Any], add: Add, rows: int
) -> Callable[..., Any]:
    """`value`; every derivative in one direction, of every order, is that of `function` and counts its rows."""
    plain = jax.custom_jvp(value)

    def push(points: tuple[Any, ...], directions: tuple[Any, ...]) -> tuple[Any, Any]:
        def derivative(*both: Any) -> Any:
            at, (first, *others) = both[: len(points)], both[len(points) :]
            # One passage for all directions: a derivative in several arguments is one derivative.
            return jax.jvp(function, at, (_pass(add, rows, first, *at), *others))[1]

        further = _derivatives_count(jax, derivative, derivative, add, rows)
        return plain(*points), further(*points, *directions)

    plain.defjvp(push)
    return plain  # type: ignore[no-any-return]


def _pass(add: Add, rows: int, x: Any, *anchors: Any) -> Any:
    return passage().bind(x, *anchors, add=add, rows=rows)


@cache
def passage() -> Any:
    """The primitive, with its rules; made once jax is there.

    Beside what passes it takes anchors, arrays that it does nothing with: one direction of a derivative at many
    points counts as often as there are points, though the direction is no batch.
    """
    jax = sys.modules["jax"]
    # The door that jax keeps open for primitives of others.
    core, ad = import_module("jax.extend.core"), import_module("jax.interpreters.ad")
    batching, mlir = import_module("jax.interpreters.batching"), import_module("jax.interpreters.mlir")
    made = core.Primitive("mfbench_passage")

    def call_back(x: Any, *anchors: Any, add: Add, rows: int) -> Any:
        jax.debug.callback(partial(add, rows))
        return x

    def execute(x: Any, *anchors: Any, add: Add, rows: int) -> Any:
        add(rows)
        return x

    def batch(arguments: Any, axes: Any, *, add: Add, rows: int) -> Any:
        size = next(
            array.shape[axis] for array, axis in zip(arguments, axes, strict=True) if axis is not None
        )
        return made.bind(*arguments, add=add, rows=rows * size), axes[0]

    def push(points: Any, directions: Any, **how: Any) -> Any:
        # Uncounted: what a derivative costs is said where it is taken.
        return made.bind(*points, **how), directions[0]

    def transpose(cotangent: Any, x: Any, *anchors: Any, **how: Any) -> Any:
        return [made.bind(cotangent, *anchors, **how), *(None for _ in anchors)]

    made.def_impl(execute)
    made.def_abstract_eval(lambda x, *anchors, **how: x)
    ad.primitive_jvps[made] = push
    ad.primitive_transposes[made] = transpose
    batching.primitive_batchers[made] = batch
    mlir.register_lowering(made, mlir.lower_fun(call_back, multiple_results=False))
    return made
