"""Steps with which Euler-Maruyama walkers run away are refused before anything runs."""

import pytest

from mfbench_jax.log_density_galerkin_entry import LOG_DENSITY_GALERKIN
from mfbench_jax.particles_at_rest_entry import PARTICLES_AT_REST
from mfbench_jax.particles_entry import PARTICLES


@pytest.mark.parametrize("entry", [PARTICLES, PARTICLES_AT_REST, LOG_DENSITY_GALERKIN], ids=lambda e: e.name)
def test_unstable_steps_are_refused(entry):
    assert entry.parameters(step_share=1.0).step_share == 1.0
    for share in (1.001, 2.0, 20.0, float("inf"), float("nan"), 0.0, -0.1):
        with pytest.raises(
            ValueError, match=f"step_share is {share}; expected a number above 0 and at most 1"
        ):
            entry.parameters(step_share=share)
