"""What the doctor says follows from what it finds; what it measures has the right kind and sign."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from mfbench import doctor
from mfbench.occupancy import busy_seconds, by_others
from mfbench.report.diagnosis import Diagnosis, diagnosis_text


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_control_group(tmp_path, files, expected):
    for name, text in files.items():
        file = tmp_path / "fs" / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert doctor.quota(tmp_path) == expected


def test_governors(tmp_path):
    assert doctor.governors(tmp_path) == ()
    for core, text in (("cpu0", "powersave\n"), ("cpu1", "performance\n"), ("cpuidle", "no core\n")):
        folder = tmp_path / "devices" / "system" / "cpu" / core / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(text)
    assert doctor.governors(tmp_path) == ("performance", "powersave")


def test_the_clock_step_is_the_smallest():
    readings = iter(x for k in range(2000) for x in (k, k, k + 0.25 * (1 + k % 3)))
    assert doctor.clock_step(lambda: next(readings)) == 0.25


def test_equal_runs_agree_and_unequal_ones_do_not():
    """99 % intervals: of 2000 simulated pairs of equal runs 20 are expected to disagree; 50 has odds below 1e-8."""
    generator = np.random.default_rng(5)
    found = [
        doctor.agreement(*np.exp(0.05 * generator.standard_normal((2, doctor.PAIRS))).tolist())
        for _ in range(2000)
    ]
    assert sum(not one.holds for one in found) < 50
    slower = doctor.agreement([1.0, 1.1, 0.9, 1.0] * 8, [1.5, 1.6, 1.4, 1.5] * 8)
    assert not slower.holds and math.isclose(slower.ratio, 1.5, rel_tol=0.05)


def test_the_slowdown_that_is_said_to_be_visible_is_seen_19_times_in_20():
    """Spread known: 0.05 a run. 2000 simulations of just that slowdown: 1900 are expected; below 1850 has odds 1e-6."""
    generator = np.random.default_rng(6)
    typical = doctor.agreement(*np.exp(0.05 * generator.standard_normal((2, doctor.PAIRS))).tolist())
    visible = math.expm1(math.log1p(typical.visible) * 0.05 * math.sqrt(2) / typical.spread)
    seen = 0
    for _ in range(2000):
        first, second = np.exp(0.05 * generator.standard_normal((2, doctor.PAIRS)))
        seen += doctor.agreement(first.tolist(), (second * (1 + visible)).tolist()).low > 1.0
    assert seen >= 1850


def test_the_verdict_is_a_sentence_of_what_was_found():
    good = doctor.Agreement(1.001, 0.99, 1.01, 0.02, 0.01, 1.0)
    bad = doctor.Agreement(1.2, 1.1, 1.3, 0.2, 0.1, 0.5)
    said = Diagnosis(good, 2).verdict
    assert "a slowdown of 2.0% or more is seen 19 times in 20" in said and "above" not in said
    crowded = Diagnosis(good, 1)
    crowded.say("other work now", "1.00 cores", "the machine is busy", reason=True)
    assert crowded.verdict.endswith("because of what is said above.")
    assert "the machine is busy" in diagnosis_text(crowded)
    assert "differed by 20.0% where they should agree" in Diagnosis(bad, 2).verdict


def test_what_is_measured_has_the_right_sign(tmp_path):
    found = doctor.equal_runs(pairs=3, seconds=1e-3)
    assert 0 <= found.low <= found.ratio <= found.high and found.ratio > 0
    assert found.processor > 0
    # In a process of its own, as the command is: jax, which other tests load here, warns of every fork.
    code = "from mfbench import doctor; print(doctor.fork_seconds())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 0
    assert doctor.sync_seconds(tmp_path / "not" / "there") > 0
    assert not (tmp_path / "not").exists()
    median, worst = doctor.oversleep()
    assert median <= worst


def test_busy_cores(tmp_path, monkeypatch):
    stat = tmp_path / "stat"
    stat.write_text(
        "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 400 500 6 7 8 90 90\ncpu1 10 0 0 0 0 0 0 0 0 0\nintr 5\n"
    )
    monkeypatch.setattr("mfbench.occupancy.STAT", stat)
    monkeypatch.setattr("os.sysconf", lambda name: 100)
    assert busy_seconds([0]) == pytest.approx(0.27)
    assert busy_seconds([0, 1]) == pytest.approx(0.37)
    assert busy_seconds([0, 7]) is None
    stat.unlink()
    assert busy_seconds([0]) is None
    assert by_others(1.0, 3.0, 1.5) == 0.5
    assert by_others(1.0, 3.0, 2.5) == 0.0
    assert by_others(None, 3.0, 1.0) is by_others(1.0, 3.0, None) is None
