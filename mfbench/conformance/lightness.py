"""Checks on entries themselves: what importing them brings, and what their parameters do."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from mfbench.conformance.verdict import Verdict, failed, passed
from mfbench.contract import offered
from mfbench.parameters import make_parameters, parameter_document
from mfbench.registry import GROUP, Origin, Registry, load_file
from mfbench.solver import ProblemEntry, SolverEntry

FRAMEWORKS = (
    "jax", "jaxlib", "torch", "tensorflow", "equinox", "flax", "optax", "skfem", "pyamg", "teneva", "mlcolvar", "numba",
)  # fmt: skip
"""Modules that are not there while an entry is imported."""

PATIENCE = 60.0


def light_entry(entry: ProblemEntry | SolverEntry, origin: Origin) -> Verdict:
    """The entry is offered, says its facts and answers `supports` where no framework can be imported."""
    check = "light-entry"
    extras = entry.extras if isinstance(entry, SolverEntry) else ()
    absent = tuple(dict.fromkeys((*FRAMEWORKS, *extras)))
    task = [*absent, "--", origin.name, origin.file, "" if origin.distribution is None else GROUP, entry.name]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mfbench.conformance.lightness", *task],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return failed(check, f"importing {origin.file} took more than {PATIENCE:.0f} s.")
    if done.returncode == 0:
        return passed(check, "imported where no framework is.")
    said = (done.stderr.strip().splitlines() or ["it died without a word"])[-1]
    return failed(
        check,
        f"importing {origin.file} without frameworks failed: {said}. Import a framework in the module behind "
        "`run` or `build` only.",
    )


def stable_parameters(entry: ProblemEntry | SolverEntry, given: dict[str, Any]) -> Verdict:
    """Parameters that are written down and read again are the same, and a copy is equal to them."""
    check, where = "parameters", f"{type(entry).__name__} {entry.name}"
    for values in (parameter_document(entry.parameters()), given):
        text = msgspec.json.encode(values)
        once = make_parameters(entry.parameters, msgspec.json.decode(text), where)
        again = parameter_document(once)
        if again != values:
            changed = ", ".join(name for name in values if again.get(name) != values[name])
            return failed(
                check,
                f"written down as {text.decode()} and read again, other values came out for {changed}: "
                f"{json.dumps(again)}. Refuse a value, but change none in __post_init__.",
            )
        if once != make_parameters(entry.parameters, values, where):
            return failed(
                check, f"two instances with {json.dumps(values)} are not equal; leave `eq` of the dataclass."
            )
    return passed(check, "written down and read again they are the same.")


def all_answers(entry: SolverEntry, registry: Registry) -> Verdict:
    """`supports` answers to the facts of every problem of the task."""
    check, refused = "supports", 0
    problems = [problem for problem in registry.problems.values() if problem.task == entry.task]
    for problem in problems:
        facts = problem.facts(problem.parameters())
        try:
            reason: object = entry.supports(facts)
        except (Exception, SystemExit) as error:
            return failed(check, f"on {problem.name} it raised {type(error).__name__}: {error}.")
        if reason is not None and not (isinstance(reason, str) and reason):
            return failed(
                check, f"on {problem.name} it gave {reason!r}; expected None or the reason why not."
            )
        refused += reason is not None
    return passed(
        check, f"takes {len(problems) - refused} of {len(problems)} problems and says why not the others."
    )


def main(arguments: list[str]) -> int:
    """In a process of its own: import a plugin without frameworks and ask its entry."""
    end = arguments.index("--")
    for framework in arguments[:end]:
        sys.modules[framework] = None  # type: ignore[assignment]
    plugin, file, group, name = arguments[end + 1 :]
    if group:
        (point,) = [one for one in importlib.metadata.entry_points(group=group) if one.name == plugin]
        module = importlib.import_module(point.module)
    else:
        module = load_file(Path(file))
    for entry in offered(module):
        if entry.name == name:
            made = entry.parameters()
            if isinstance(entry, ProblemEntry):
                entry.facts(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
