"""The entry of `kernel-ridge`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least

from .demands import no_penalty


@dataclass(frozen=True, kw_only=True)
class KernelRidge:
    """Parameters of `kernel-ridge`.

    Args:
        first: samples of the first fit; each further one has twice as many, drawn anew and added.
        most: samples of the last fit.
        width: of the Gaussian kernel, in root mean square distances between samples.
        ridge: added to the kernel matrix, whose diagonal is 1.

    Raises:
        ValueError: a value outside its range.
    """

    first: int = 64
    most: int = 4096
    width: float = 1.0
    ridge: float = 1e-6

    def __post_init__(self) -> None:
        at_least(self, first=2, most=2)
        above_zero(self, "width", "ridge")


KERNEL_RIDGE = mfbench.SolverEntry(
    name="kernel-ridge",
    task="regression",
    summary="Ridge regression with a Gaussian kernel on ever more samples.",
    source="Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 5.8.",
    run="mfbench_jax.kernel_ridge:solve",
    parameters=KernelRidge,
    supports=no_penalty,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
