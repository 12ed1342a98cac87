"""The root of a solver's random numbers in jax.

Numbers come from XLA's own bit generator (Philox): the 20 rounds of threefry, jax's default, are compiled once per
shape and take a CPU about 5 s each time (jax 0.10), most of a short budget, where the generator takes 0.3 s and draws
as fast. Splitting and folding keys still go by threefry, so that streams are independent.
"""

from __future__ import annotations

import jax


def root_key(seed: int) -> jax.Array:
    """The key of a seed; split it and fold into it as with any other."""
    return jax.random.key(seed, impl="rbg")
