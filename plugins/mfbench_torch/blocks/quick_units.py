"""What torch is slow at on a CPU, done in another way: tanh, products with few columns, and memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

ARENA = 30 << 20
"""Bytes; a little less than the largest block that glibc can be taught to keep."""


def keep_memory() -> None:
    """Have freed blocks of up to ARENA used again: else each is handed back, and costs page faults when it is asked for.

    glibc takes its threshold from the largest block that was freed (M_MMAP_THRESHOLD of mallopt). Other allocators take
    no notice. Huge pages are asked for as well, which torch hears if it has not made a tensor yet.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    torch.empty(ARENA, dtype=torch.uint8)


class QuickUnits(TorchFunctionMode):
    """While it is in force, of single precision on a CPU:

    tanh t is 2 sigmoid(2 t) - 1, ten times as fast. The absolute error is of round-off, 1e-7; near t = 0 the relative
    one is not. The slope of a product's left factor is made transposed, which is faster where it has few columns.

    Made for units of networks, whose values are summed; problems write what all array libraries have.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Called for every function of tensors."""
        if func in (TANH if len(args) == 1 else PRODUCT) and not kwargs and all(map(_matrix, args)):
            return (_Tanh if func in TANH else _Product).apply(*args)
        return func(*args, **(kwargs or {}))


TANH = (torch.tanh, torch.Tensor.tanh)
PRODUCT = (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__)


def _matrix(a: Any) -> bool:
    return isinstance(a, torch.Tensor) and a.dtype == torch.float32 and a.device.type == "cpu" and a.ndim == 2


class _Tanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, t: torch.Tensor) -> torch.Tensor:
        value = torch.add(t, t).sigmoid_()
        torch.add(t.new_full((), -1.0), value, alpha=2.0, out=value)
        ctx.save_for_backward(value)
        return value

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> torch.Tensor:
        (value,) = ctx.saved_tensors
        found: torch.Tensor = torch.ops.aten.tanh_backward(
            slopes[0], value
        )  # (1 - value^2) slope in one pass
        return found


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(left, right)
        return torch.mm(left, right)

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        left, right = ctx.saved_tensors
        to_left, to_right = ctx.needs_input_grad
        return (
            torch.mm(right, slopes[0].T).T if to_left else None,
            torch.mm(left.T, slopes[0]) if to_right else None,
        )
