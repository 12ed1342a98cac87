"""The stored references: an .npz of arrays and, beside it, a .json that says how they were made."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = ("mfbench", "numpy", "scipy")


def load(stem: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and record of that name."""
    data = resources.files("mfbench_fokker_planck").joinpath("data")
    about = json.loads(data.joinpath(f"{stem}.json").read_text(encoding="utf-8"))
    with data.joinpath(f"{stem}.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return dict(stored), about


def save(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any], stem: str, folder: Path) -> Path:
    """Write both files and return the path of the .npz."""
    path = folder / f"{stem}.npz"
    np.savez_compressed(path, **arrays)
    record = {
        **about,
        "command": f"python -m mfbench_fokker_planck.references {stem}",
        "versions": {"python": platform.python_version(), **{p: metadata.version(p) for p in PACKAGES}},
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path
