"""What solvers with Euler-Maruyama walkers ask of their time step."""

from typing import Any

LARGEST_SHARE = 1.0
"""Of the step, in units of one over the norm of the drift's Jacobian: from 2 on a linear drift's walkers run away."""


def stable_share(parameters: Any) -> None:
    """Refuse a `step_share` with which walkers overshoot, or that is no step.

    Raises:
        ValueError: not above 0, or above LARGEST_SHARE.
    """
    value = parameters.step_share
    if not 0.0 < value <= LARGEST_SHARE:
        raise ValueError(
            f"step_share is {value}; expected a number above 0 and at most {LARGEST_SHARE:g}, the time step times the norm "
            "of the drift's Jacobian: with larger steps walkers overshoot, from 2 on they run away."
        )
