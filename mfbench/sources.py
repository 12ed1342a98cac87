"""Where a module's source lies."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path


def source(module: str) -> Path | None:
    """The file of a module; None if it is not there, or not Python.

    Nothing is imported, unlike by `importlib.util.find_spec`: a package's inner modules bring frameworks.
    """
    top, *inner = module.split(".")
    spec = top_spec(top)
    if spec is None:
        return None
    candidates = [Path(spec.origin)] if spec.origin is not None and not inner else []
    for folder in (spec.submodule_search_locations or ()) if inner else ():
        base = Path(folder, *inner)
        candidates += [base / "__init__.py", base.with_name(f"{base.name}.py")]
    return next((file for file in candidates if file.suffix == ".py" and file.is_file()), None)


def top_spec(top: str) -> ModuleSpec | None:
    """Where a top-level module would be imported from; None if it is not there."""
    try:
        return importlib.util.find_spec(top)
    except ValueError:  # a module without a spec, such as __main__
        return None
