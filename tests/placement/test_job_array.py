"""Trials as files: written, run by `python -m mfbench.trial`, and brought home; what is missing or foreign is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from mfbench.job_array import collect, ranges, write_specs
from mfbench.record import Status
from mfbench.store import decode_record, write_record
from mfbench.trial import blank, run_trial

SCRIPT = """
set -eu
export PATH={bin}:$PATH
python -m mfbench.trial trials/specs/$SLURM_ARRAY_TASK_ID.json trials/records/$SLURM_ARRAY_TASK_ID.json
"""
"""What the documentation has a job array run."""


@pytest.fixture
def mfbench(mfbench):
    """Output and errors in one."""
    return lambda *arguments, expected=0: "".join(mfbench(*arguments, expected=expected))


def test_the_way_of_a_job_array(mfbench, toy_plugin, seeded_plugin, tmp_path, store, plan_of):
    choice = ("--plugin", toy_plugin, "--plugin", seeded_plugin, "-p", "line", "-s", "seeded", "--seeds", "3")
    out = mfbench("run", *choice, "--budget", "5s", "--specs", "trials")
    assert "3 trials: trials/specs, numbered from 1" in out
    assert not (tmp_path / "mfbench-results").exists()
    for task in ("1", "3"):
        done = subprocess.run(
            ["bash", "-c", SCRIPT.format(bin=Path(sys.executable).parent)],
            cwd=tmp_path, env=os.environ | {"SLURM_ARRAY_TASK_ID": task}, check=False,
        )  # fmt: skip
        assert done.returncode == 0
    out = mfbench("collect", "trials", "-o", "results", expected=1)
    assert "no record yet, or interrupted: 2\n" in out and "2 records: results" in out
    for spec in (plan_of().specs[0], plan_of().specs[2]):
        there, here = store.read(spec.cell, spec.key), run_trial(spec)
        assert there.metrics == here.record.metrics and there.metrics
        for name, values in here.arrays.items():
            np.testing.assert_array_equal(store.arrays(there)[name], values, strict=True)
    out = mfbench("run", *choice, "--budget", "5s", "-o", "results")
    assert "2 of 3 trials have their records already" in out


@pytest.fixture
def trials(tmp_path, plan_of):
    """Three trials as files, each with a good record."""
    folder, specs = tmp_path / "trials", plan_of().specs
    write_specs(folder, specs)
    for number, spec in enumerate(specs, start=1):
        result = run_trial(spec)
        write_record(folder / "records" / f"{number}.json", result.record, result.arrays)
    return folder


def change(file, **changes):
    write_record(file, msgspec.structs.replace(decode_record(file), arrays=None, **changes))


def test_all_is_taken_and_again_changes_nothing(trials, store):
    for _ in range(2):
        found = collect(trials, store)
        assert (sorted(found.records), found.missing, found.refused) == ([1, 2, 3], [], [])
    assert len(store.read_all().records) == 3


FOREIGN = {
    "other code": ({"code": {"problem": "a", "solver": "b"}}, "it was run by other code"),
    "other versions": ({"versions": {"python": "2.7"}}, "it was run by other code or with other versions"),
    "other key": ({"key": "0" * 64}, "it is the record of another trial"),
    "says nothing": (
        {"code": {}, "status": Status.ERROR, "sentence": "unknown solver"},
        "does not say which code ran",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_what_was_run_by_other_code_is_not_taken(trials, store, case):
    changes, words = FOREIGN[case]
    change(trials / "records" / "2.json", **changes)
    found = collect(trials, store)
    assert sorted(found.records) == [1, 3]
    ((path, reason),) = found.refused
    assert path.name == "2.json" and words in reason
    assert len(store.read_all().records) == 2


def test_what_cannot_be_read_is_named(trials, store):
    (trials / "records" / "1.json").write_text("{")
    whole = (trials / "records" / "2.npz").read_bytes()
    (trials / "records" / "2.npz").write_bytes(whole[: len(whole) // 2])
    (trials / "records" / "3.npz").unlink()
    found = collect(trials, store)
    assert [path.name for path, _ in found.refused] == ["1.json", "2.json", "3.json"]
    assert store.read_all().records == []


def test_records_are_bound_to_their_numbers(trials, store):
    (trials / "records" / "1.json").rename(trials / "records" / "4.json")
    (trials / "records" / "2.json").rename(trials / "records" / "1.json")
    found = collect(trials, store)
    assert found.missing == [2]
    assert [path.name for path, _ in found.refused] == ["1.json"]


def test_an_interrupted_trial_is_to_be_run_again_and_replaces_nothing(trials, store, plan_of):
    collect(trials, store)
    spec = plan_of().specs[1]
    write_record(
        trials / "records" / "2.json", blank(spec, "", Status.INTERRUPTED, "interrupted with its host")
    )
    assert collect(trials, store).missing == [2]
    assert store.read(spec.cell, spec.key).status is Status.OK


def test_a_failure_comes_home_and_alarms(trials, mfbench):
    change(trials / "records" / "2.json", status=Status.CRASHED, sentence="SIGSEGV")
    out = mfbench("collect", "trials", expected=1)
    assert "3 records: mfbench-results" in out
    assert mfbench("rank").count("SIGSEGV")


def test_a_folder_with_trials_is_not_written_to(trials, plan_of):
    before = sorted(trials.rglob("*"))
    with pytest.raises(FileExistsError, match="holds trials already; choose a new folder"):
        write_specs(trials, plan_of().specs)
    assert sorted(trials.rglob("*")) == before


def test_bad_input_is_2(mfbench, toy_plugin, trials, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no trials below specs/" in mfbench("collect", "empty", expected=2)
    run = ("run", "--plugin", toy_plugin, "-p", "line", "-s", "relax", "--specs", "trials")
    assert "holds trials already" in mfbench(*run, expected=2)
    mfbench(*run, "--dry-run")


def test_names_of_a_foreign_spec_do_not_leave_the_results(trials, store, tmp_path):
    file = trials / "specs" / "1.json"
    document = json.loads(file.read_text())
    document["cell"]["solver"] = "../../../escaped"
    file.write_text(json.dumps(document))
    assert [path.name for path, _ in collect(trials, store).refused] == ["1.json"]
    assert list(tmp_path.rglob("escaped*")) == []


def test_ranges_are_those_of_job_arrays():
    assert ranges([]) == ""
    assert ranges([3, 1, 2, 7, 9, 10]) == "1-3,7,9-10"
