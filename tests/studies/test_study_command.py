"""`mfbench study` as users meet it: exit codes, messages, resuming, interrupting, failed trials, files."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest


def findings(tmp_path, name, folder="mfbench-results"):
    return json.loads((tmp_path / folder / "studies" / f"{name}.json").read_text())


def test_a_known_law_is_found_and_judged(study, tmp_path):
    out, _ = study("width", "--seeds", "4", "--values", "8,64")
    document = findings(tmp_path, "width")
    (fit,) = document["fits"]
    # The noise has 10 %: over a factor of 8 the exponent errs by 0.1 sqrt(2 / 4) / log 8 = .034; 5 of that, p < 1e-6.
    assert abs(fit["estimate"] + 1.0) < 0.17
    assert fit["low"] < fit["estimate"] < fit["high"]
    assert (fit["used"], fit["values"], fit["trials"], fit["failed"]) == (2, 2, 8, 0)
    assert fit["judgements"][0]["verdict"] in out
    assert "CLT -1 in [-1.2, -0.8]" in out
    assert [len(point["by_seed"]) for point in document["points"]] == [4, 4]


def test_same_command_again_runs_only_what_is_missing(study, tmp_path):
    out, _ = study("width", "--seeds", "1", "--values", "8,16")
    assert "[2/2] committor/line noisy" in out
    out, _ = study("width", "--seeds", "2", "--values", "8,16,32")
    assert "2 of 6 trials have their records already" in out
    assert "[4/4]" in out
    before = findings(tmp_path, "width")
    out, _ = study("width", "--seeds", "2", "--values", "32,16,8")
    assert "[1/" not in out
    assert findings(tmp_path, "width") == before
    assert len(list((tmp_path / "mfbench-results" / "records").rglob("*.json"))) == 6


def test_its_trials_are_those_of_run(study):
    study("rate", "--seeds", "1")
    cell = ("-p", "line[temperature=2.0]", "-s", "noisy", "--budget", "5s", "--seeds", "1")
    out, _ = study(*cell, command="run")
    assert "1 of 1 trials have their records already" in out


def test_the_law_may_be_one_of_a_true_value(study, tmp_path):
    """The toy's judge says nu = T / 4; the error does not depend on it, and its noise is that of two seeds' means."""
    study("rate", "--seeds", "1")
    assert [point["x"] for point in findings(tmp_path, "rate")["points"]] == [0.25, 0.5]


def test_failed_and_unsupported_trials_are_shown_and_counted(study, tmp_path):
    """Every second seed or so fails from width 32 on; which ones is the host's secret, the sum is not."""
    out, _ = study("failing", expected=1)
    document = findings(tmp_path, "failing")
    (fit,) = document["fits"]
    failed = [point["failed"] for point in document["points"]]
    assert failed[:2] == [0, 0]
    assert 0 < sum(failed) < 12
    assert fit["failed"] == sum(failed)
    assert f"{sum(failed)} failed" in out
    assert "too wide for this seed" in out
    for point in document["points"]:
        assert point["seeds"] + point["failed"] == len(point["by_seed"]) + point["failed"] == 6


def test_arms_of_one_study(study, tmp_path):
    out, _ = study("halves", "--seeds", "1")
    document = findings(tmp_path, "halves")
    assert [fit["arm"] for fit in document["fits"]] == ["sound", "failing", "picky"]
    assert [point["state"] for point in document["points"]][-2:] == ["unsupported", "unsupported"]
    assert "no point to fit: unsupported" in out
    assert "needs d >= 2; this is a line" in out
    assert document["each"] == pytest.approx(1 - 0.05 / 3)
    # Both arms run the same cells but for a parameter that has no effect here: the law is flat, without an interval.
    assert document["fits"][0]["estimate"] is not None
    assert not document["fits"][0]["interval"]


def test_numbers_that_are_not_positive_have_no_law(study, tmp_path):
    out, _ = study("negative", "--seeds", "3", "--values", "8,16")
    (fit,) = findings(tmp_path, "negative")["fits"]
    assert fit["estimate"] is None
    assert "not positive" in fit["reason"]
    assert "width = 8: not positive, so it has no logarithm" in " ".join(out.split())


def test_tied_parameters_follow_the_swept_one(study, tmp_path):
    """The report is the batch itself, width^2: an exact law, and a verdict on it."""
    study("tied", "--seeds", "3", "--values", "2,4,8")
    (fit,) = findings(tmp_path, "tied")["fits"]
    assert fit["estimate"] == pytest.approx(2.0, abs=1e-12)
    assert fit["judgements"][0]["verdict"] == "consistent"


def test_the_spread_of_answers_needs_no_metric(study, tmp_path):
    """Against numpy's variance of the stored answers. It is that of s (1/2 - q) with s ~ 1/width: it falls as width^-2."""
    study("spread", "--values", "8,32")
    document = findings(tmp_path, "spread")
    (fit,) = document["fits"]
    # Var of 8 numbers has a relative error of sqrt(2 / 7) = .53: the slope errs by .53 sqrt(2) / log 4 = .54; 3.5 of that.
    assert abs(fit["estimate"] + 2.0) < 1.9
    answers = {8: [], 32: []}
    for file in (tmp_path / "mfbench-results" / "records").rglob("*.json"):
        width = json.loads(file.read_text())["cell"]["solver_parameters"]["width"]
        answers[width].append(np.load(file.with_suffix(".npz"))["looks"])
    for point in document["points"]:
        rows = np.array(answers[point["value"]])
        assert point["seeds"] == len(rows) == 8
        assert point["y"] == pytest.approx(rows.var(axis=0, ddof=1).mean(), rel=1e-9)


def test_what_is_not_reached_is_infinite(study, tmp_path):
    """The error is sqrt(E (q - 1/2)^2) / width = sqrt(1 / 20) / width, q having the density 6 q (1 - q)."""
    out, _ = study("cost", "--seeds", "3")
    document = findings(tmp_path, "cost")
    assert [point["state"] for point in document["points"]] == ["not reached", "not reached", "used"]
    assert document["points"][2]["y"] == 1.0
    assert document["fits"][0]["not_reached"] == 6
    assert "6 not reached" in out
    assert "1 of 3 values can be used; the law needs 2" in " ".join(out.split())


def test_curves_are_read_at_times(study, tmp_path):
    study("early", "--seeds", "1", "--values", "8,16")
    document = findings(tmp_path, "early")
    assert [fit["time"] for fit in document["fits"]] == [1.0, 3.0]
    by_time = {(point["time"], point["value"]): point["y"] for point in document["points"]}
    assert by_time[1.0, 8.0] == pytest.approx(4.0 * by_time[3.0, 8.0], rel=1e-9)


def test_answers_are_read_at_milestones(study, tmp_path):
    """The state is four times as large at step 1 as at step 3, its variance 16 times as large, whatever the clock said."""
    study("spread-early")
    document = findings(tmp_path, "spread-early")
    by_time = {(point["time"], point["value"]): point for point in document["points"]}
    assert {point["state"] for point in document["points"]} == {"used"}
    for width in (8.0, 64.0):
        assert by_time[1.0, width]["y"] == pytest.approx(16.0 * by_time[3.0, width]["y"], rel=1e-12)
    assert document["fits"][0]["estimate"] == pytest.approx(document["fits"][1]["estimate"], abs=1e-12)
    for file in (tmp_path / "mfbench-results" / "records").rglob("*.json"):
        looks = [look for look in json.loads(file.read_text())["curve"] if look.get("milestone")]
        arrays = np.load(file.with_suffix(".npz"))
        assert [look["work"]["steps"] for look in looks] == [1, 2, 3]
        assert arrays["milestones"].shape == (3, len(arrays["looks"]))
        assert np.array_equal(arrays["milestones"][2], arrays["looks"])


def test_distances_from_a_limit(study, tmp_path):
    """The answers differ by (state - its limit) (1/2 - q): the ratio of two seeds' numbers is that of their errors."""
    study("limit")
    document = findings(tmp_path, "limit")
    assert [fit["time"] for fit in document["fits"]] == [1.0, 3.0]
    # -1 but for the noise of 10 %: 0.1 sqrt(1 / 4) / (log 2 sqrt(5)) = .033; 5 of that.
    assert all(abs(fit["estimate"] + 1.0) < 0.17 for fit in document["fits"])
    records = [json.loads(f.read_text()) for f in (tmp_path / "mfbench-results" / "records").rglob("*.json")]
    assert len(records) == 4 * 4 + 4
    errors = {
        (r["cell"]["solver_parameters"]["width"], r["cell"]["seed"]): r["reports"]["gap"] for r in records
    }
    far = errors[1000000, 0]
    points = {point["value"]: point["by_seed"] for point in document["points"] if point["time"] == 3.0}
    for width, seed in ((8, 1), (64, 3)):
        expected = (errors[width, seed] - far) / (errors[8, 0] - far)
        assert points[width][str(seed)] / points[8]["0"] == pytest.approx(expected, rel=1e-6)


def test_a_limit_that_is_not_there_gives_no_number(study, tmp_path):
    """Records of the arms are there, those of the limit have lost their values."""
    study("limit", "--seeds", "1")
    for file in (tmp_path / "mfbench-results" / "records").rglob("*.json"):
        if json.loads(file.read_text())["cell"]["solver_parameters"]["width"] == 1000000:
            file.with_suffix(".npz").unlink()
    out, _ = study("limit", "--seeds", "1")
    assert {point["state"] for point in findings(tmp_path, "limit")["points"]} == {"no value"}
    assert "trials of the limit's arm" in " ".join(out.split())


def test_a_law_of_the_clock(study, tmp_path):
    """The error halves with every step, and every step is a milestone: a = -log 2, in one fit over all times."""
    out, _ = study("decay", "--seeds", "3")
    assert "arm width steps geometric-mean" in " ".join(out.split())
    document = findings(tmp_path, "decay")
    (fit,) = document["fits"]
    assert document["against"] == "steps"
    assert [point["x"] for point in document["points"]] == [1.0, 2.0, 3.0, 4.0]
    assert fit["estimate"] == pytest.approx(-np.log(2.0), abs=1e-9)
    assert fit["judgements"][0]["verdict"] == "consistent"


def test_too_many_milestones_are_refused(study):
    out, _ = study("many", "--seeds", "1", "--values", "8,16", expected=1)
    assert "more than 32 milestones" in " ".join(out.split())


def test_a_group_has_one_page_and_one_picture(study, tmp_path):
    out, _ = study("kept", "--seeds", "1", "--format", "json")
    assert [one["study"] for one in json.loads(out)] == ["limit", "spread-early"]
    folder = tmp_path / "mfbench-results" / "studies"
    names = {"limit.json", "spread-early.json"}
    assert {file.name for file in folder.iterdir()} in (names, names | {"kept.svg", "kept.png"})
    out, _ = study("kept", "--seeds", "1", "--format", "csv")
    assert [row["study"] for row in csv.DictReader(io.StringIO(out))] == ["limit"] * 2 + ["spread-early"] * 2


BAD = {
    "values of a group": (
        ("kept", "--values", "8,9"),
        "for 2 studies; name one of them: limit, spread-early",
    ),
    "values of the clock": (("decay", "--values", "8,16"), "study decay is a law of the clock and takes one"),
    "unknown study": (("widht",), "unknown study 'widht'; did you mean width"),
    "unknown parameter": (("misspelt",), "unknown parameter 'widht'; it has: width"),
    "unknown solver": (("elsewhere",), "unknown solver 'noisyy'; did you mean noisy"),
    "fixed and swept": (("twice",), "solver.width is fixed in its brackets and set by the sweep"),
    "no target": (("no-target",), "work-to:0.5 is no target of committor/line; it has: 0.1, 0.01"),
    "no true value": (("no-truth",), "has no true value of 'mu'; it has: nu"),
    "one value": (("width", "--values", "8"), "values: got 1; the law 'power' of study width needs 2"),
    "same values": (("width", "--values", "8,8"), "values: 8, 8 are not all different"),
    "no number": (("width", "--values", "8,wide"), "parameter 'width' got 'wide'; expected a whole number"),
    "fraction": (("width", "--values", "8,16.5"), "parameter 'width' got '16.5'; expected a whole number"),
    "empty value": (("width", "--values", "8,,9"), "expected numbers with commas between them"),
    "refused value": (("rate", "--values", "-1,1"), "expected a number > 0"),
    "budget": (("width", "--budget", "soon"), "expected a duration above zero"),
    "budget of centuries": (("width", "--budget", "1000000h"), "expected at most"),
    "seeds": (("width", "--seeds", "0"), "seeds: got 0; expected a whole number >= 1"),
    "jobs": (("width", "--jobs", "0"), "jobs: got 0"),
    "executor": (("width", "--executor", "lokal"), "unknown executor 'lokal'; did you mean local"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_2_and_writes_nothing(study, tmp_path, case):
    arguments, words = BAD[case]
    _, err = study(*arguments, expected=2)
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_dry_run_writes_nothing(study, tmp_path):
    out, _ = study("width", "--dry-run")
    assert "20 trials" in out
    assert list(tmp_path.iterdir()) == []


def test_formats_have_standard_output_for_themselves(study):
    out, err = study("width", "--seeds", "1", "--values", "8,16", "--format", "json")
    assert json.loads(out)["study"] == "width"
    assert "[2/2]" in err
    out, _ = study("width", "--seeds", "1", "--values", "8,16", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["prediction.verdict"] == "not enough data"
    assert row["prediction.because"] == "1 seeds at a value; 3 are asked for"
    out, _ = study("width", "--seeds", "1", "--values", "8,16", "--format", "markdown")
    assert out.startswith("## width: Known.")


def test_list_and_show_have_studies(study):
    out, _ = study(command="list")
    assert "Studies: how does it scale?" in out
    out, _ = study("width", command="show")
    assert "solver.width = 8, 16, 32, 64" in out
    assert "a in y = C x^a, x = width" in out
    assert "CLT: -1 in [-1.2, -0.8]" in out
    _, err = study("width[x=1]", command="show", expected=2)
    assert "study width: unknown parameter 'x'" in err


def test_interrupted_keeps_what_there_is(toy_plugin, tmp_path):
    plugin = str(toy_plugin).replace("toy_", "study_")
    command = [
        sys.executable, "-m", "mfbench", "study", "width", "--plugin", toy_plugin, "--plugin", plugin, "--jobs", "1",
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.rglob("records/**/*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    kept = findings(tmp_path, "width")
    missing = kept["fits"][0]["missing"]
    assert 0 < missing < 20
    assert f"{missing} not run" in out
    done = subprocess.run(
        [*command, "--seeds", "2"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trials have their records already" in done.stdout
    assert findings(tmp_path, "width")["fits"][0]["missing"] == 0
