"""The bundled studies, and the one of the documentation: planned in full, run by nobody here."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path

import pytest

from mfbench.registry import load_registry
from mfbench.request import Request
from mfbench.studies.choosing import chosen
from mfbench.studies.design import abscissas, make_design
from mfbench.tasks.rates import in_slab
from mfbench_committor import double_well

PAGE = Path(__file__).parents[2] / "docs" / "studies.md"
BUNDLED = (
    "batch-quench",
    "batch-size",
    "batch-step",
    "birth-death-bad",
    "birth-death-good",
    "birth-death-pace",
    "birth-death-plateau",
    "birth-death-sooner",
    "birth-death-teacher",
    "dimension",
    "failure-barrier",
    "failure-channel",
    "failure-emus",
    "failure-memory",
    "failure-width",
    "failure-windows",
    "importance-draws",
    "importance-network",
    "importance-samples",
    "rarity",
    "width-fluctuations",
    "width-fluctuations-25",
    "width-limit",
    "width-limit-classes",
    "width-loss",
    "width-sgd",
)
GROUPS = {"batch": 3, "birth-death": 6, "failure": 6, "importance": 3, "width": 6}


@pytest.fixture(scope="module")
def registry():
    return load_registry()


SHARED = {"width-sgd": 40}
"""Trials that two arms have in common: twice two rules for the batch give the same one."""


def designed(registry, entry):
    return make_design(entry, entry.values, Request(), registry, 2)


def test_all_are_offered(registry):
    assert set(BUNDLED) <= set(registry.studies)
    assert {registry.origins["study", name].distribution for name in BUNDLED} == {"mfbench"}


@pytest.mark.parametrize("name", BUNDLED)
def test_every_trial_is_planned_once(registry, name):
    entry = registry.studies[name]
    design = designed(registry, entry)
    keys = [key for group in design.groups for key in group.keys]
    assert len(keys) == len(entry.arms) * len(entry.values) * entry.seeds
    assert len(set(keys)) == len(keys) - SHARED.get(name, 0)
    keys += design.limit.keys if design.limit else ()
    specs = [*design.plan.specs, *(spec for spec, _ in design.plan.unsupported)]
    assert {spec.key for spec in specs} == set(keys)
    assert {spec.cell.budget for spec in specs} == {entry.budget}
    assert [spec.cell.seed for spec in design.plan.specs] == sorted(
        spec.cell.seed for spec in design.plan.specs
    )


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_chosen_by_its_name(registry, group):
    entries = chosen(registry, group, Request(seeds=1))
    assert len(entries) == GROUPS[group]
    assert all(entry.name.startswith(f"{group}-") and entry.seeds == 1 for entry in entries)


def test_fluctuations_and_loss_are_of_the_same_trials(registry):
    first, second = (
        designed(registry, registry.studies[f"width-{name}"]) for name in ("fluctuations", "loss")
    )
    assert {spec.key for spec in first.plan.specs} == {spec.key for spec in second.plan.specs}


def test_grids_end_at_three_dimensions(registry):
    """Where a solver's extras are missing here, more is unsupported; a grid above d = 3 is so everywhere."""
    design = designed(registry, registry.studies["dimension"])
    refused = Counter(
        spec.cell.problem_parameters["dim"] for spec, why in design.plan.unsupported if "n^d" in why
    )
    assert refused == dict.fromkeys((5, 10, 20, 50, 100), 5)


def test_rarity_has_a_rate_in_every_decade(registry):
    entry = registry.studies["rarity"]
    design = designed(registry, dataclasses.replace(entry, arms=entry.arms[:1], seeds=1))
    rates = sorted(abscissas(design).values())
    assert rates == pytest.approx([10.0**k for k in range(-10, -1)], rel=0.02)


def test_the_study_of_the_documentation_can_be_planned(registry, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "documented_study.py"
    file.write_text(code)
    found = load_registry([file])
    assert found.broken == []
    design = designed(found, found.studies["width"])
    assert len(design.groups) == 5


def keys_of(registry, name):
    return {key for group in designed(registry, registry.studies[name]).groups for key in group.keys}


def test_importance_for_networks_is_a_matter_of_where_walkers_go_alone(registry):
    """Same network, optimiser, steps and starts: else the arms would also tell how well they were trained."""
    cells = {}
    for spec in designed(registry, registry.studies["importance-network"]).plan.specs:
        parameters = dict(spec.cell.solver_parameters)
        sampler = parameters.pop("sampler")
        cells.setdefault(sampler, []).append((spec.cell.solver, parameters, spec.cell.problem_parameters))
    assert set(cells) == {"umbrella", "unbiased"}
    assert all(cell in cells["umbrella"] for cell in cells["unbiased"])


def test_the_two_studies_of_networks_are_of_the_same_trials(registry):
    assert keys_of(registry, "importance-samples") == keys_of(registry, "importance-network")


def test_importance_has_ten_samples_of_mu_in_the_slab(registry):
    """And 1000 fitted coefficients at every value, whatever number of seeds gives a verdict."""
    entry = registry.studies["importance-draws"]
    design = designed(registry, dataclasses.replace(entry, seeds=1))
    law = double_well.line_committor(5.0).law(double_well.log_partition(5.0))
    mass = law.node_mass[in_slab(law.at_nodes(law.committor))].sum()
    assert mass == pytest.approx(2.1e-3, rel=0.01)
    assert min(entry.values) * mass > 10
    for spec in design.plan.specs:
        given = spec.cell.solver_parameters
        assert given["replicates"] * given["basis"] * entry.least_seeds >= 1000


def test_failure_keeps_the_number_of_walkers(registry):
    design = designed(registry, registry.studies["failure-windows"])
    assert {
        spec.cell.solver_parameters["windows"] * spec.cell.solver_parameters["ladders"]
        for spec in design.plan.specs
    } == {384}


@pytest.mark.parametrize("name", BUNDLED)
def test_particle_studies_of_regression_say_their_step(registry, name):
    """0 stands for one that is chosen along the run; a law in particle time and steps needs one that is held."""
    design = designed(registry, registry.studies[name])
    cells = [spec.cell for spec in design.plan.specs if spec.cell.task == "regression"]
    assert all(cell.solver_parameters["step"] > 0 for cell in cells if "step" in cell.solver_parameters)
    assert bool(cells) is name.startswith(("batch-", "birth-death-", "width-"))
