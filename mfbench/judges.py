"""The judges of a host process, built once each, and the files with their points.

Only the host comes here. A child gets the file of points and nothing else of a judge.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mfbench.parameters import make_parameters
from mfbench.registry import resolve
from mfbench.seeds import problem_seed
from mfbench.solver import ProblemEntry
from mfbench.tasks.judging import Judge

_building = threading.Lock()
"""Held while a judge is built: trials that start together share it."""


def judge_of(problem: ProblemEntry, parameters: Mapping[str, Any], repetition: int) -> Judge:
    """The judge of a problem with these parameters in a repetition."""
    with _building:
        return _judge(*_identity(problem, parameters, repetition))


def points_file(problem: ProblemEntry, parameters: Mapping[str, Any], repetition: int) -> Path:
    """An .npz with `looks`, `finals`, `gradients` and `step` of the judge's inquiry."""
    with _building:
        return _points(*_identity(problem, parameters, repetition))


def _identity(
    problem: ProblemEntry, parameters: Mapping[str, Any], repetition: int
) -> tuple[str, type, bytes, int]:
    document = msgspec.json.encode(parameters, order="sorted")
    return problem.judge, problem.parameters, document, problem_seed(problem.name, repetition)


@cache
def _judge(path: str, kind: type, parameters: bytes, seed: int) -> Judge:
    made = make_parameters(kind, msgspec.json.decode(parameters), path)
    judge: Judge = resolve(path)(made, seed)
    return judge


@cache
def _points(path: str, kind: type, parameters: bytes, seed: int) -> Path:
    inquiry = _judge(path, kind, parameters, seed).inquiry
    descriptor, name = tempfile.mkstemp(dir=scratch(), prefix="points-", suffix=".npz")
    with os.fdopen(descriptor, "wb") as file:
        np.savez(
            file,
            looks=inquiry.looks,
            finals=inquiry.finals,
            gradients=inquiry.gradients,
            step=np.float64(inquiry.step),
        )
    return Path(name)


@cache
def scratch() -> Path:
    """This host's scratch folder; removed when the host ends."""
    folder = Path(tempfile.mkdtemp(prefix="mfbench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
