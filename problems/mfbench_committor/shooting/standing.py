"""The standing instances: those that an entry's presets name, whose references are stored."""

from __future__ import annotations

from importlib import import_module

from mfbench_committor.entries.ginzburg_landau import GINZBURG_LANDAU
from mfbench_committor.entries.lattice_field import LATTICE_FIELD
from mfbench_committor.entries.lj7 import LJ7
from mfbench_committor.entries.solvated_dimer import SOLVATED_DIMER
from mfbench_committor.shooting.shooting_problem import ShootingProblem

ENTRIES = {
    entry.name.partition("/")[2]: entry for entry in (GINZBURG_LANDAU, LATTICE_FIELD, LJ7, SOLVATED_DIMER)
}


def standing_problems(family: str) -> dict[str, ShootingProblem]:
    """The standing instances of a family by the names of their files."""
    entry = ENTRIES[family]
    module = import_module(entry.build.partition(":")[0])
    instances = [overrides for preset in entry.instances.values() for overrides in preset]
    problems = [module.shooting_problem(entry.parameters(**overrides)) for overrides in instances]
    return {problem.stem: problem for problem in problems}
