"""More than there is: memory, disk, threads, files, words."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np

from faults.looks import LAST_WORDS, look


def devour(problem, parameters, context):
    """Untouched memory: the limit counts what was asked for."""
    yield look()
    hoard = []
    while True:
        hoard.append(np.empty(2**22))


def devour_lists(problem, parameters, context):
    yield look()
    hoard = []
    while True:
        hoard.append(bytes(2**25))


def devour_torch(problem, parameters, context):
    yield look()
    import torch

    hoard = []
    while True:
        hoard.append(torch.ones(2**23))


def devour_jax(problem, parameters, context):
    yield look()
    import jax.numpy as jnp

    hoard = []
    while True:
        hoard.append(jnp.ones(2**23).block_until_ready())


def print_a_gigabyte(problem, parameters, context):
    """A gigabyte of standard output, and another of errors."""
    yield look()
    page = "x" * 2**20
    for _ in range(2**10):
        sys.stdout.write(page)
        sys.stderr.write(page)
    print(LAST_WORDS, file=sys.stderr, flush=True)
    yield look()


def fill_disk(problem, parameters, context):
    """Whatever room is left where it works, if that is no more than the test's small disk."""
    yield look()
    room = os.statvfs(".")
    if room.f_bavail * room.f_frsize > 2**26:
        raise RuntimeError("this disk is somebody's")
    with Path("everything").open("wb") as file:
        while True:
            file.write(bytes(2**16))
            file.flush()


def start_threads(problem, parameters, context):
    """Sixty-four that compute until the process ends."""
    yield look()
    begun = threading.Barrier(65)

    def spin():
        begun.wait()
        a = np.ones((100, 100))
        while True:
            a = a @ a / 100.0

    for _ in range(64):
        threading.Thread(target=spin, daemon=True).start()
    begun.wait()
    yield look()


def open_files(problem, parameters, context):
    yield look()
    hoard = []
    while True:
        hoard.append(os.open(os.devnull, os.O_RDONLY))


KIND = (
    devour,
    devour_lists,
    devour_torch,
    devour_jax,
    print_a_gigabyte,
    fill_disk,
    start_threads,
    open_files,
)
