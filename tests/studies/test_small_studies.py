"""Bundled studies in small: real solvers, few and short trials."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("jax")


@pytest.mark.slow
def test_fluctuations_in_small(study, tmp_path):
    """Two widths, two starts: every particle time has its answers, and the loss is that of the same trials."""
    study("width-fluctuations", "--values", "8,32", "--seeds", "2")
    folder = tmp_path / "mfbench-results" / "studies"
    document = json.loads((folder / "width-fluctuations.json").read_text())
    assert [fit["time"] for fit in document["fits"]] == [0.0, 10.0, 100.0, 1000.0]
    assert {point["state"] for point in document["points"]} == {"used"}
    assert document["each"] == pytest.approx(1 - 0.05 / 4)
    out, _ = study("width-loss", "--values", "8,16,32", "--seeds", "2")
    assert "4 of 6 trials have their records already" in out
