"""Trials on the workers of a dask scheduler: a workstation next door, Kubernetes, or SLURM through dask-jobqueue."""

import mfbench

from .entry import DASK


@mfbench.hookimpl
def mfbench_executors() -> list[mfbench.ExecutorEntry]:
    """The executors of this package."""
    return [DASK]
