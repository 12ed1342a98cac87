"""Counting in torch: points, and directions of derivatives, pass through a function that is the identity and counts.

Second derivatives taken forwards twice (`jacfwd` of `jacfwd`) count as first ones; all other ways count as they should.

`torch.func.vmap` tells it how many points stand behind one. torch is not imported here: it is there if a tensor of
it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

Add = Callable[[int], None]


def passed(x: Any, add: Add, free_derivative: bool) -> Any:
    """The points (n, d), counted; derivatives of what is made of them count from the first or the second order on."""
    return passage().apply(x, add, int(x.shape[0]), True, int(free_derivative))


@cache
def passage() -> Any:
    """The class with the rules; made once torch is there."""
    function: Any = sys.modules["torch"].autograd.Function

    class Passage(function):  # type: ignore[misc]
        """The identity. A derivative through it is counted by another passage, as are those that follow."""

        @staticmethod
        def forward(x: Any, add: Add, rows: int, counts: bool, free: int) -> Any:
            """Count, unless this order of the derivative is free; `free` orders after it are."""
            if counts:
                add(rows)
            return x.clone()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            """Keep what the derivative's passage must know."""
            _, ctx.add, ctx.rows, _, ctx.free = inputs

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            """A vector times the derivative."""
            counted = Passage.apply(cotangent, ctx.add, ctx.rows, not ctx.free, max(0, ctx.free - 1))
            return counted, None, None, None, None

        @staticmethod
        def jvp(ctx: Any, direction: Any, *_: Any) -> Any:
            """The derivative in a direction."""
            return Passage.apply(direction, ctx.add, ctx.rows, not ctx.free, max(0, ctx.free - 1))

        @staticmethod
        def vmap(info: Any, axes: Any, x: Any, add: Add, rows: int, counts: bool, free: int) -> Any:
            """Every row stands for as many as there are in the batch."""
            return Passage.apply(x, add, rows * info.batch_size, counts, free), axes[0]

    return Passage
