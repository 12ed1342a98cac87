"""A step of `particle-sgd` on the three-spin function beside what its parts cost, in processor time.

The roofline is the sum of the step's products at their own shapes (z x^T, the network's sum, its two gradients), one sigmoid
and two elementwise passes over (n, P), and the draw of the batch with its target: each compiled alone and timed in
this process. Prints milliseconds of every part, of the step in jax and in torch, the ratio of step and roofline (mark: 1.5),
that of torch and jax (mark: 2), and the arithmetic of steps as a share of a square product's of 1024: of this one and of
one with n = d = P = 1024 on a fixed batch. The last line says whether the marks hold, and so does the exit status. A
minute on one core.
Usage: OMP_NUM_THREADS=1 python benchmarks/particle_step.py
"""

from __future__ import annotations

import importlib.util
import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from mfbench_jax.blocks.keys import root_key
from mfbench_jax.blocks.mean_field import Cloud, advance_of, batch_loss
from mfbench_jax.blocks.particle_training import loss_slope
from mfbench_jax.particle_parameters import ParticleDescent
from mfbench_regression.entries.three_spin import ThreeSpinParameters
from mfbench_regression.three_spin import build

UNITS, DIM, BATCH = 1024, 25, 1024
SQUARE = 1024
STEP = 0.02
REPEATS, TURNS = 20, 7
MARK, TORCH_MARK = 1.5, 2.0


def milliseconds(run, ready=jax.block_until_ready, repeats=REPEATS):
    """Processor milliseconds of one call: the least of `TURNS` means over repeats."""
    ready(run())
    found = []
    for _ in range(TURNS):
        began = time.process_time()
        for _ in range(repeats):
            result = run()
        ready(result)
        found.append((time.process_time() - began) / repeats * 1e3)
    return min(found)


def loop(advance):
    """`REPEATS` steps in one compiled loop, as the solver runs them; returns what one of them takes."""
    run = jax.jit(lambda state: jax.lax.fori_loop(0, REPEATS, lambda _, state: advance(state), state))
    return lambda state: milliseconds(lambda: run(state), repeats=1) / REPEATS


def jax_step(problem, cloud):
    """The solver's own step with a fresh batch."""
    slope_of = loss_slope(problem, ParticleDescent(particles=UNITS, step=STEP, batch=BATCH), jnp.float32)
    advance = advance_of(problem, STEP)

    def step(state):
        key, cloud = state
        key, key_batch = jax.random.split(key)
        _, slope = slope_of(cloud, key_batch, BATCH)
        return key, advance(cloud, slope)

    return loop(step)((root_key(0), cloud))


def square_step(problem):
    """A step with n = d = P = SQUARE on a fixed batch: the products of the units and of their slopes are square."""
    rng = np.random.default_rng(0)
    shapes = (SQUARE,), (SQUARE, SQUARE + 1), (SQUARE, SQUARE), (SQUARE,)
    c, z, x, y = (jnp.asarray(rng.standard_normal(shape), jnp.float32) for shape in shapes)
    slope_of, advance = jax.grad(batch_loss(problem)), advance_of(problem, STEP)
    return loop(lambda cloud: advance(cloud, slope_of(cloud, x, y)))(Cloud(c, z / SQUARE**0.5))


def parts(problem):
    """What the step cannot do without: name -> milliseconds."""
    rng = np.random.default_rng(0)
    z, x, u, c, e = (
        jnp.asarray(rng.standard_normal(shape), jnp.float32)
        for shape in ((UNITS, DIM), (BATCH, DIM), (UNITS, BATCH), (UNITS,), (BATCH,))
    )

    def draw(key):
        return problem.sample(jax.random.normal(key, (BATCH, problem.noise_dim), jnp.float32))

    timed = {
        "z x^T": (lambda z, x: z @ x.T, z, x),
        "c u": (lambda c, u: c @ u, c, u),
        "u e": (lambda u, e: u @ e, u, e),
        "g x": (lambda u, x: u @ x, u, x),
        "sigmoid": (jax.nn.sigmoid, u),
        "elementwise, twice": (lambda u, e: 2.0 * u * e, u, e),
        "draw": (draw, root_key(1)),
    }
    found = {}
    for name, (function, *arguments) in timed.items():
        compiled = jax.jit(function)
        found[name] = milliseconds(partial(compiled, *arguments))
    found["elementwise, twice"] *= 2.0
    return found


def torch_step(problem, c, z):
    """The twin's step with a fresh batch; None without torch."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    from mfbench_torch import particle_regression as twin

    torch.set_num_threads(1)
    twin.keep_memory()
    generator = torch.Generator().manual_seed(0)
    state = [twin.Cloud(*(torch.as_tensor(part, dtype=torch.float32) for part in (c, z)))]

    def step():
        x, y = problem.sample(torch.randn(BATCH, problem.noise_dim, generator=generator))
        _, slope = twin.batch_slope(problem, state[0], x, y)
        state[0] = twin.advanced(problem, state[0], slope, STEP)

    return milliseconds(step, lambda result: result)


def main():
    problem = build(ThreeSpinParameters(dim=DIM), 0)
    c, z = problem.initial(np.random.default_rng(0), UNITS)
    cloud = Cloud(jnp.asarray(c, jnp.float32), jnp.asarray(z, jnp.float32))
    found = parts(problem)
    roofline = sum(found.values())
    step, torch = jax_step(problem, cloud), torch_step(problem, c, z)
    square = jnp.ones((SQUARE, SQUARE), jnp.float32)
    gemm = milliseconds(partial(jax.jit(jnp.matmul), square, square))
    for name, value in found.items():
        print(f"{name:>20} {value:8.3f} ms")
    print(f"{'roofline':>20} {roofline:8.3f} ms")
    print(f"{'step in jax':>20} {step:8.3f} ms: {step / roofline:.2f} of the roofline (mark {MARK})")
    wide = square_step(problem)
    print(f"{'square product':>20} {gemm:8.3f} ms")
    for title, taken, (n, d, p) in (
        ("step", step, (UNITS, DIM, BATCH)),
        ("square step", wide, 3 * (SQUARE,)),
    ):
        share = 2.0 * n * p * (2 * d + 2) / taken / (2.0 * SQUARE**3 / gemm)
        print(f"{title:>20} {taken:8.3f} ms, n = {n}, d = {d}, P = {p}: products at {share:.1%} of that rate")
    held = step <= MARK * roofline
    if torch is not None:
        print(f"{'step in torch':>20} {torch:8.3f} ms: {torch / step:.2f} of jax's (mark {TORCH_MARK})")
        held = held and torch <= TORCH_MARK * step
    print("marks hold" if held else "marks do not hold")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
