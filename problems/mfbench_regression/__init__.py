"""Regression problems for mean-field networks; all generated, with known answers."""

import mfbench
from mfbench_regression.entries.relu_teacher import RELU_TEACHER
from mfbench_regression.entries.signed_mixture import SIGNED_MIXTURE
from mfbench_regression.entries.spikes import SPIKES_CIRCLE, SPIKES_TORUS
from mfbench_regression.entries.three_spin import THREE_SPIN
from mfbench_regression.entries.two_gaussians import TWO_GAUSSIANS


@mfbench.hookimpl
def mfbench_problems() -> list[mfbench.ProblemEntry]:
    """The problems of this package."""
    return [RELU_TEACHER, SIGNED_MIXTURE, SPIKES_CIRCLE, SPIKES_TORUS, THREE_SPIN, TWO_GAUSSIANS]
