"""The entry of `dask`; imports neither dask nor distributed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mfbench import ExecutorEntry


@dataclass(frozen=True, kw_only=True)
class DaskOptions:
    """Options of `--executor dask`.

    Args:
        scheduler: its address, tcp://host:8786; empty: dask's own setting (DASK_SCHEDULER_ADDRESS).
        timeout: seconds in which it must answer.
    """

    scheduler: str = ""
    timeout: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.timeout < math.inf:
            raise ValueError(f"timeout is {self.timeout!r}; expected seconds above zero.")


DASK = ExecutorEntry(
    name="dask",
    summary="The workers of a dask scheduler: dask[scheduler=tcp://host:8786].",
    open="mfbench_dask.workers:connect",
    options=DaskOptions,
    extras=("dask",),
)
