"""The file through which a child gets a judge's points: float64 numbers, one set after the other.

Plain numbers, because every trial reads such a file between its start and its first step: an archive of arrays
costs as much as the rest of a child's start.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import msgspec
import numpy as np

from mfbench.strangers import regular_file
from mfbench.tasks.judging import Inquiry

SETS = ("looks", "finals", "gradients")
NUMBER = np.dtype("<f8")


class PointsFile(msgspec.Struct, frozen=True, kw_only=True):
    """Where an inquiry's points lie, and what a reader must know to tell them apart.

    Args:
        path: the file, the sets' rows in the order of the shapes here.
        looks, finals, gradients: shapes (n, d).
        step: of the inquiry.
    """

    path: str
    looks: tuple[int, int]
    finals: tuple[int, int]
    gradients: tuple[int, int]
    step: float


def write_points(inquiry: Inquiry, path: Path) -> PointsFile:
    """Write the points of an inquiry."""
    arrays = [np.asarray(getattr(inquiry, name), NUMBER) for name in SETS]
    with path.open("wb") as file:
        for array in arrays:
            file.write(array.tobytes())
    shapes = {name: array.shape for name, array in zip(SETS, arrays, strict=True)}
    return PointsFile(path=str(path), step=float(inquiry.step), **shapes)


def fingerprint(inquiry: Inquiry) -> str:
    """Hash of an inquiry's points and step, 64 hexadecimal digits: values belong to one judge's points only."""
    arrays = [np.asarray(getattr(inquiry, name), NUMBER) for name in SETS]
    digest = hashlib.sha256(repr((float(inquiry.step), [array.shape for array in arrays])).encode())
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def read_points(points: PointsFile) -> Inquiry:
    """The inquiry behind a file.

    Raises:
        ValueError: the file is shorter or longer than the shapes say, or none; it is then not read.
    """
    shapes = [getattr(points, name) for name in SETS]
    counts = [math.prod(shape) for shape in shapes]
    with regular_file(Path(points.path)) as (file, size):
        if min(min(shapes)) < 0 or size != sum(counts) * NUMBER.itemsize:
            there = size // NUMBER.itemsize
            raise ValueError(f"{points.path} holds {there} numbers; expected {sum(counts)} for {shapes}.")
        numbers = np.fromfile(file, NUMBER)
    parts = np.split(numbers, np.cumsum(counts)[:-1])
    sets = {name: part.reshape(shape) for name, part, shape in zip(SETS, parts, shapes, strict=True)}
    return Inquiry(step=points.step, **sets)
