"""The judges of a host process. Only the host comes here; a child gets a file of points and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from mfbench.parameters import make_parameters
from mfbench.registry import resolve
from mfbench.seeds import problem_seed
from mfbench.solver import ProblemEntry
from mfbench.tasks.judging import Judge

KEPT = 32
"""Judges that are kept: the solvers of a problem and seed come one after the other, and each judge is megabytes."""

_building = threading.Lock()
"""Held while a judge is built: trials that start together share it."""


def judge_of(problem: ProblemEntry, parameters: Mapping[str, Any], repetition: int) -> Judge:
    """The judge of a problem with these parameters in a repetition."""
    document = msgspec.json.encode(parameters, order="sorted")
    with _building:
        return _judge(problem.judge, problem.parameters, document, problem_seed(problem.name, repetition))


@lru_cache(KEPT)
def _judge(path: str, kind: type, parameters: bytes, seed: int) -> Judge:
    made = make_parameters(kind, msgspec.json.decode(parameters), path)
    judge: Judge = resolve(path)(made, seed)
    return judge
