"""Whether the installed frameworks can use a GPU, read off their metadata: none is imported."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

JAX_PLUGIN = re.compile(r"jax[-_]cuda\d+[-_]plugin")
"""The distributions that bring CUDA to jax: jax-cuda12-plugin, jax-cuda13-plugin."""


@cache
def without_cuda(names: tuple[str, ...]) -> str | None:
    """Why a solver that needs these distributions cannot compute on a CUDA device; None if nothing speaks against it.

    Args:
        names: of installed distributions; those that are no framework known here say nothing.
    """
    reasons = (CHECKS[name]() for name in names if name in CHECKS)
    return next((reason for reason in reasons if reason is not None), None)


def _jax() -> str | None:
    distributions = importlib.metadata.distributions()
    if any(JAX_PLUGIN.fullmatch(one.metadata["Name"] or "") for one in distributions):
        return None
    return "this jax has no CUDA; run: pip install 'jax[cuda13]', or take --device cpu"


def _torch() -> str | None:
    built_for = importlib.metadata.version("torch").partition("+")[2]
    if built_for.startswith("cu") or (not built_for and _asks_for_nvidia("torch")):
        return None
    return "this torch was built without CUDA; install another build, or take --device cpu"


def _asks_for_nvidia(distribution: str) -> bool:
    """Whether it requires libraries of NVIDIA, as the builds on PyPI do where they can use a GPU."""
    requirements: Iterable[str] = importlib.metadata.requires(distribution) or ()
    return any(line.startswith(("nvidia-", "cuda-")) for line in requirements)


CHECKS: Mapping[str, Callable[[], str | None]] = {"jax": _jax, "torch": _torch}
