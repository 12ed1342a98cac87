"""Whether a solver can run on a problem here, asked of entries and metadata: no framework is imported."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mfbench.accelerators import without_cuda
from mfbench.parameters import make_parameters
from mfbench.placement import ExecutorEntry
from mfbench.registry import Origin, Registry
from mfbench.solver import ProblemEntry, SolverEntry

REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(\[(?P<extras>[^\]]*)\])?")
DEVICE_FILES = Path("/dev")
"""Where a driver's devices appear; a container has only those that it was given."""

EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


@cache
def extra_requirements(distribution: str, extra: str) -> tuple[str, ...]:
    """Names of the distributions that an extra brings, self-references followed."""
    found: list[str] = []
    for line in importlib.metadata.requires(distribution) or ():
        requirement, _, marker = line.partition(";")
        if extra not in EXTRA.findall(marker):
            continue
        match = REQUIREMENT.match(requirement.strip())
        if match is None:
            continue
        if match["name"].lower() == distribution.lower():
            for inner in (match["extras"] or "").split(","):
                found.extend(extra_requirements(distribution, inner.strip()))
        else:
            found.append(match["name"])
    return tuple(dict.fromkeys(found))


@cache
def installed_version(distribution: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def requirements(entry: SolverEntry | ExecutorEntry, origin: Origin) -> tuple[str, ...]:
    """The distributions that a solver or an executor needs beyond the core of its own one."""
    if origin.distribution is None:
        return entry.extras  # a plugin file: an extra names the framework itself
    names = [name for extra in entry.extras for name in extra_requirements(origin.distribution, extra)]
    return tuple(dict.fromkeys(names))


def missing(entry: SolverEntry | ExecutorEntry, origin: Origin) -> str | None:
    """Why a solver or an executor cannot run here, with the `pip install` that mends it; None if it can."""
    absent = [name for name in requirements(entry, origin) if installed_version(name) is None]
    if not absent:
        return None
    target = f"{origin.distribution}[{','.join(entry.extras)}]" if origin.distribution else " ".join(absent)
    return f"{', '.join(absent)} not installed; run: pip install '{target}'"


def devices() -> tuple[str, ...]:
    """The device classes of this machine, best last."""
    return ("cpu", "cuda") if gpus() else ("cpu",)


def gpus() -> tuple[str, ...]:
    """The GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them.

    Asked of the driver's device files, not of a framework.
    """
    present = tuple(str(number) for number in range(len(list(DEVICE_FILES.glob("nvidia[0-9]*")))))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if not present or visible is None:
        return present
    return tuple(name for part in visible.split(",") if (name := part.strip()) not in ("", "-1"))


def why_not(
    registry: Registry,
    problem: ProblemEntry,
    parameters: Mapping[str, Any],
    solver: SolverEntry,
    device: str,
    elsewhere: bool = False,
) -> str | None:
    """Why a solver cannot be run on a problem here; None if it can.

    Args:
        registry, problem, parameters, solver, device: what is to be run.
        elsewhere: another machine is going to run it, with devices of its own.
    """
    made = make_parameters(problem.parameters, parameters, f"problem {problem.name}")
    origin = registry.origins[solver.task, solver.name]
    try:
        reason: object = solver.supports(problem.facts(made))
    except (Exception, SystemExit) as error:  # a stranger's code
        return f"cannot say whether it can: {type(error).__name__}: {error} ({origin})"
    if isinstance(reason, str) and reason:
        return reason
    if reason is not None:
        return f"cannot say whether it can: supports gave {reason!r}; expected None or the reason why not ({origin})"
    if device not in solver.devices:
        return f"runs on {', '.join(solver.devices)} only, not on {device}"
    if not elsewhere and device not in devices():
        return f"this machine has no {device} device"
    absent = missing(solver, origin)
    if absent is None and device == "cuda" and not elsewhere:
        return without_cuda(requirements(solver, origin))
    return absent


def best_device(solver: SolverEntry, origin: Origin) -> str:
    """The best device class that this machine, the solver and the frameworks installed for it have in common."""
    shared = [device for device in devices() if device in solver.devices]
    if "cuda" in shared and missing(solver, origin) is None and without_cuda(requirements(solver, origin)):
        shared.remove("cuda")
    return shared[-1] if shared else "cpu"
