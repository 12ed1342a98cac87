"""The stored references: an .npz of arrays and, beside it, a .json that says how they were made."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import fields
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np

from mfbench_committor.blocks.reduced_points import POINTS_SEED, KnownEnergy, KnownPoints, ReducedPoints
from mfbench_committor.references.planar_reference import PlanarReference

KNOWN_SETS = ("reactive", "flat", "equilibrium")
PACKAGES = ("mfbench", "numpy", "scipy", "scikit-fem")


def load(stem: str) -> PlanarReference | None:
    """The stored reference of that name, or None."""
    data = resources.files("mfbench_committor").joinpath("data")
    arrays, about = data.joinpath(f"{stem}.npz"), data.joinpath(f"{stem}.json")
    if not (arrays.is_file() and about.is_file()):
        return None
    with arrays.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return _unpacked(stored, json.loads(about.read_text(encoding="utf-8")))


def save(reference: PlanarReference, stem: str, folder: Path, command: str) -> Path:
    """Write both files and return the path of the .npz."""
    path = folder / f"{stem}.npz"
    np.savez_compressed(path, **_packed(reference.points))
    about = {
        **_errors(reference),
        **reference.record,
        "points_seed": POINTS_SEED,
        "command": command,
        "versions": {"python": platform.python_version(), **{p: metadata.version(p) for p in PACKAGES}},
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return path


def _errors(reference: PlanarReference) -> dict[str, float]:
    names = [field.name for field in fields(reference) if field.name not in ("points", "record")]
    return {name: getattr(reference, name) for name in names}


def _packed(points: ReducedPoints) -> dict[str, np.ndarray]:
    """q and 1 - q as one array, the logit: it keeps the digits of both. +-inf in A and B."""
    arrays = {
        "logit_range": np.array(points.logit_range),
        "energy_u": points.energy.u.astype(np.float32),
        "energy_weights": points.energy.weights,
        "energy_q": points.energy.q,
        "energy_squares": points.energy.squares,
    }
    for name in KNOWN_SETS:
        known: KnownPoints = getattr(points, name)
        with np.errstate(divide="ignore"):
            arrays[f"{name}_logit"] = np.log(known.q) - np.log(known.p)
        arrays[f"{name}_u"] = known.u.astype(np.float32)
        arrays[f"{name}_weights"] = known.weights
    return arrays


def _unpacked(stored: Mapping[str, np.ndarray], about: dict[str, Any]) -> PlanarReference:
    def known(name: str) -> KnownPoints:
        z = stored[f"{name}_logit"]
        return KnownPoints(
            u=stored[f"{name}_u"].astype(np.float64),
            q=1.0 / (1.0 + np.exp(-z)),
            p=1.0 / (1.0 + np.exp(z)),
            weights=stored[f"{name}_weights"],
        )

    low, high = stored["logit_range"]
    points = ReducedPoints(
        reactive=known("reactive"),
        flat=known("flat"),
        equilibrium=known("equilibrium"),
        energy=KnownEnergy(
            u=stored["energy_u"].astype(np.float64),
            weights=stored["energy_weights"],
            q=stored["energy_q"],
            squares=stored["energy_squares"],
        ),
        logit_range=(float(low), float(high)),
    )
    errors = {
        field.name: about.pop(field.name)
        for field in fields(PlanarReference)
        if field.name not in ("points", "record")
    }
    return PlanarReference(points=points, record=about, **errors)
