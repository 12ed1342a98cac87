"""What a child does to itself before a stranger's code runs: group, cores, memory, end with its host.

Linux only, as far as limits go.
"""

from __future__ import annotations

import ctypes
import faulthandler
import fcntl
import math
import os
import resource
import select
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from multiprocessing import forkserver, parent_process
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threadpoolctl

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""What numeric libraries read for their number of threads when they are loaded."""

F_SETSIG = 10
"""fcntl command that chooses the signal of signal-driven I/O (Linux, <fcntl.h>)."""

PR_SET_CHILD_SUBREAPER = 36
"""prctl option (Linux, <linux/prctl.h>)."""

MEBI = 2**20

STDERR = "stderr"
"""Name of the file in a child's folder that takes its standard error."""


def own_group() -> None:
    """Lead a session, and so a process group, of its own: it can be killed with all it started."""
    os.setsid()


def die_with_host() -> None:
    """Have the kernel kill this group when the host dies, even while the GIL is held.

    The host keeps the writing end of the pipe behind the parent's sentinel. When the host
    dies the pipe closes, and signal-driven I/O sends SIGKILL instead of SIGIO to the group.
    PR_SET_PDEATHSIG would watch the fork server, not the host.
    """
    parent = parent_process()
    if parent is None:
        return
    pipe = int(parent.sentinel)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([pipe], [], [], 0)[0]:  # it was closed before anybody watched it
        os.killpg(0, signal.SIGKILL)


def release_server() -> None:
    """Let the fork server end with the host, rather than with the last process that a trial started.

    It waits until nobody holds the writing end of a pipe, which all children, and whatever they fork, inherit.
    """
    pipe = forkserver._forkserver._forkserver_alive_fd  # type: ignore[attr-defined]
    if pipe is not None:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, pipe)
        os.close(nothing)


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own, wherever it has moved (Linux, prctl)."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_copy(original: int) -> None:
    """Leave at once if this is not the original process but a copy of it that a solver forked and did not end.

    What is said in a trial's name is said by the process that its host watches.
    """
    if os.getpid() != original:
        os._exit(0)


def has_children() -> bool:
    """Whether any process, alive or dead, is below this one; it has adopted the orphans among them."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def end_after(seconds: float) -> None:
    """A second limit, kept by a C-level timer: dumps every thread's stack to stderr and exits."""
    faulthandler.enable(all_threads=False)  # a fatal signal says where it struck, too
    faulthandler.dump_traceback_later(seconds, exit=True)


def redirect_output(folder: Path) -> None:
    """Send stderr, also of C code, to the end of a file; nobody reads stdout, and stdin reads nothing."""
    sys.stdout.flush()
    sys.stderr.flush()
    words = os.open(folder / STDERR, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, file in ((0, nothing), (1, nothing), (2, words)):
        os.dup2(file, number)
    os.close(words)
    os.close(nothing)


def finish_words() -> None:
    """Write what a solver said without an end of line: nobody does it for a process that leaves at once."""
    with suppress(Exception):
        sys.stderr.flush()


def take_cores(cores: Iterable[int]) -> int:
    """Bind this process to the cores, then set the threads of every loaded library to their number.

    Affinity comes first: a library that counts cores when its pool starts (XLA) sees the right
    number. Returns the largest number of threads that any loaded library now says it uses.
    """
    chosen = set(cores)
    os.sched_setaffinity(0, chosen)
    count = len(chosen)
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(count)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)
    controller = numeric_libraries()
    controller.limit(limits=count)
    pools: list[int] = [library.num_threads for library in controller.lib_controllers]
    if torch is not None:
        pools.append(torch.get_num_threads())
    return max([count, *pools])


def take_device(gpu: str | None) -> None:
    """Let numeric libraries see this GPU, or none: what is said to run on the processor does.

    jax reads its variables when it is imported, and what the fork server has imported it read there.
    """
    os.environ.update(device_variables(gpu))


def device_variables(gpu: str | None) -> dict[str, str]:
    """What numeric libraries read to find out on which device they compute, for one GPU or none.

    A jax that was told "cuda" and finds none raises, where it would else go on in silence on the processor. Its products
    of 32-bit numbers keep all of their bits: torch's do, and on a GPU jax's own default are 10 of them.
    """
    if gpu is None:
        return {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    return {
        "CUDA_VISIBLE_DEVICES": gpu,
        "JAX_PLATFORMS": "cuda,cpu",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
    }


@cache
def numeric_libraries() -> threadpoolctl.ThreadpoolController:
    """The numeric libraries that are loaded; searched for once, since a forked child has those of its server."""
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


def limit_memory(megabytes: int) -> None:
    """Allow so much data beyond what the process holds now.

    RLIMIT_DATA, not RLIMIT_AS: XLA reserves gigabytes of address space that it never touches.
    """
    limit = int(status_mb("VmData") * MEBI) + megabytes * MEBI
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def reset_peak_memory() -> float:
    """Start VmHWM anew; returns the resident megabytes now, from which the peak counts."""
    with suppress(OSError):  # not every container allows it; a fork starts with a fresh peak anyway
        Path("/proc/self/clear_refs").write_text("5")
    return status_mb("VmRSS")


def peak_memory_mb(start: float) -> float:
    """Peak resident megabytes since `reset_peak_memory`, beyond what was resident then.

    Not a number where a solver has left no file to look it up with.
    """
    try:
        return max(0.0, status_mb("VmHWM") - start)
    except OSError:
        return math.nan


def status_mb(name: str) -> float:
    """A memory figure of /proc/self/status in megabytes (2^20 bytes)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"/proc/self/status has no {name}")
