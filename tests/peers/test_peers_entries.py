"""What the host sees of the adapters where their packages are missing, and where they are not."""

from __future__ import annotations

import pytest

import mfbench
from mfbench_peers.entries import MLCOLVAR, MlcolvarParameters


def test_irreversible_problems_are_declined_with_the_reason():
    facts = mfbench.Facts(task="committor", dim=2)
    assert "gradient drift" in MLCOLVAR.supports(facts)
    assert MLCOLVAR.supports(mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible"}))) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"walkers": 1}, "walkers is 1"),
        ({"memory": 0}, "memory is 0"),
        ({"alpha": 0.0}, "alpha is 0.0; expected"),
    ],
)
def test_parameters_out_of_range_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        MlcolvarParameters(**given)
