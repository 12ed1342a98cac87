"""The descent that leads `gauss-newton`: it finds the committor's energy, and waits where windows have not met."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks import running
from mfbench_jax.blocks.energy_lead import FEWEST, LEAST_OVERLAP, SELDOM, EnergyLead
from mfbench_jax.blocks.landscape import Places
from mfbench_jax.blocks.sampler import Walkers
from mfbench_jax.blocks.weighing import Seen


def logit(slope, places):
    """The committor from 0 to 1 of a line without a drift is x; here f is it with slope (x - 1/2) added to its logit."""
    x = places.x[..., 0]
    s = slope * (x - 0.5) + jnp.log(x / (1.0 - x))
    return Walkers(places, s, (slope + 1.0 / (x * (1.0 - x)))[..., None])


@pytest.fixture
def seen():
    x = jnp.linspace(0.001, 0.999, 400).reshape(4, 100, 1)
    zero, flat = jnp.zeros(x.shape[:2]), jnp.zeros(x.shape)
    places = Places(x, zero, flat, zero, flat, jnp.ones(x.shape[:2], bool))
    return Seen(logit(0.0, places), jnp.full(x.shape[:2], 0.01))


def along(overlap):
    """Running means of three windows with so large a share in their neighbours."""
    middle = np.array(
        [[1 - overlap, overlap, 0], [overlap, 1 - 2 * overlap, overlap], [0, overlap, 1 - overlap]]
    )
    return running.nothing(2, 3)._replace(overlap=jnp.broadcast_to(middle, (2, 3, 3)))


def test_it_goes_to_the_least_energy_and_says_when_it_has_settled(seen):
    lead = EnergyLead(logit, jnp.asarray(1.0))
    for number in range(4 * FEWEST):
        assert number >= FEWEST or not lead.settled
        lead.update(seen, along(0.1))
    assert lead.settled
    assert abs(float(lead.average)) < 0.01
    assert lead.energy == pytest.approx(1.0, rel=0.01)  # int_0^1 1 dx


def test_it_waits_while_windows_have_not_met_and_not_for_ever(seen):
    lead = EnergyLead(logit, jnp.asarray(1.0))
    for _ in range(SELDOM - 1):
        lead.update(seen, along(0.5 * LEAST_OVERLAP))
    assert lead.energy == 0.0
    lead.update(seen, along(0.5 * LEAST_OVERLAP))
    assert lead.energy > 0.0
    for _ in range(5):
        lead.update(seen, along(2.0 * LEAST_OVERLAP))
    assert float(lead.average) < 1.0


def test_a_compiled_step_is_repeatable(seen):
    with jax.enable_x64(True):
        leads = [EnergyLead(logit, jnp.asarray(0.7)) for _ in range(2)]
        for _ in range(20):
            for lead in leads:
                lead.update(seen, along(0.1))
    assert float(leads[0].average) == float(leads[1].average)
