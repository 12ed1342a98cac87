"""The stored references: an .npz of points and counts and, beside it, a .json that says how they were made."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import fields
from importlib import metadata, resources
from pathlib import Path

import numpy as np

from mfbench_committor.shooting.reference import ShotReference

ARRAYS = ("x", "in_b", "second", "pieces")
PACKAGES = ("mfbench", "numpy")


def load(stem: str) -> ShotReference | None:
    """The stored reference of that name, or None."""
    data = resources.files("mfbench_committor").joinpath("shot_data")
    arrays, about = data.joinpath(f"{stem}.npz"), data.joinpath(f"{stem}.json")
    if not (arrays.is_file() and about.is_file()):
        return None
    record = json.loads(about.read_text(encoding="utf-8"))
    numbers = {f.name: record.pop(f.name) for f in fields(ShotReference) if f.name not in (*ARRAYS, "record")}
    with arrays.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return ShotReference(
            x=stored["x"].astype(np.float64),
            in_b=stored["in_b"].astype(np.int64),
            second=stored["second"].astype(np.int64),
            pieces=stored["pieces"].astype(np.int64),
            record=record,
            **numbers,
        )


def save(reference: ShotReference, stem: str, folder: Path, command: str) -> Path:
    """Write both files and return the path of the .npz."""
    path = folder / f"{stem}.npz"
    np.savez_compressed(
        path,
        x=reference.x.astype(np.float32),
        in_b=reference.in_b.astype(np.int32),
        second=reference.second.astype(np.int32),
        pieces=reference.pieces.astype(np.int32),
    )
    numbers = [f.name for f in fields(ShotReference) if f.name not in (*ARRAYS, "record")]
    about = {
        **{name: getattr(reference, name) for name in numbers},
        **reference.record,
        "command": command,
        "versions": {"python": platform.python_version(), **{p: metadata.version(p) for p in PACKAGES}},
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return path
