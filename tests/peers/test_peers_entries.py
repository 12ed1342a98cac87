"""What the host sees of the adapters where their packages are missing, and where they are not."""

from __future__ import annotations

import pytest

import mfbench
from mfbench_peers.entries import (
    COMMITTOR_KMC,
    FPCROSS,
    MLCOLVAR,
    CommittorKmcParameters,
    FpcrossParameters,
    MlcolvarParameters,
)


def test_irreversible_problems_are_declined_with_the_reason():
    facts = mfbench.Facts(task="committor", dim=2)
    assert "gradient drift" in MLCOLVAR.supports(facts)
    assert MLCOLVAR.supports(mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible"}))) is None


@pytest.mark.parametrize(
    ("dim", "flags", "reason"),
    [
        (2, frozenset(), "gradient drift"),
        (2, frozenset({"hypoelliptic"}), "gradient drift"),
        (4, frozenset({"reversible"}), "d = 4 > 3"),
        (3, frozenset({"reversible"}), None),
        (1, frozenset({"reversible"}), None),
    ],
)
def test_a_tensor_basis_is_for_reversible_problems_up_to_three_dimensions(dim, flags, reason):
    given = COMMITTOR_KMC.supports(mfbench.Facts(task="committor", dim=dim, flags=flags))
    assert given is None if reason is None else reason in given


@pytest.mark.parametrize(
    ("dim", "flags", "reason"),
    [
        (1, {"stationary"}, "d is 1"),
        (50, {"transient"}, "d is 50"),
        (2, {"stationary", "hypoelliptic"}, "hypoelliptic"),
        (2, {"transient", "anisotropic"}, "anisotropic"),
        (2, {"stationary", "interacting"}, "interacting"),
        (2, {"stationary", "periodic"}, "periodic"),
        (5, {"stationary", "rotated"}, None),
        (6, {"transient"}, None),
    ],
)
def test_split_steps_need_one_strength_of_noise_and_a_known_drift(dim, flags, reason):
    given = FPCROSS.supports(mfbench.Facts(task="fokker-planck", dim=dim, flags=frozenset(flags)))
    assert given is None if reason is None else reason in given


@pytest.mark.parametrize(
    ("parameters", "given", "message"),
    [
        (MlcolvarParameters, {"walkers": 1}, "walkers is 1"),
        (MlcolvarParameters, {"memory": 0}, "memory is 0"),
        (MlcolvarParameters, {"alpha": 0.0}, "alpha is 0.0; expected"),
        (MlcolvarParameters, {"samples": "mine"}, "samples is 'mine'; expected one of own, tempered"),
        (MlcolvarParameters, {"heat": 1.0}, "heat is 1.0; expected a number > 1"),
        (MlcolvarParameters, {"heat": float("nan")}, "heat is nan; expected a number > 1"),
        (CommittorKmcParameters, {"first": 1}, "first is 1"),
        (CommittorKmcParameters, {"cells_per_mode": 0}, "cells_per_mode is 0"),
        (CommittorKmcParameters, {"ridge": 0.0}, "ridge is 0.0; expected"),
        (CommittorKmcParameters, {"penalty": -1.0}, "penalty is -1.0; expected"),
        (FpcrossParameters, {"nodes": 3}, "nodes is 3"),
        (FpcrossParameters, {"steps": 0}, "steps is 0"),
        (FpcrossParameters, {"accuracy": 0.0}, "accuracy is 0.0; expected"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, given, message):
    with pytest.raises(ValueError, match=message):
        parameters(**given)
