"""`particle-sgd-torch` for regression: the units of a network as particles that descend the loss, in particle time.

    f_n(x) = (1/n) sum_i c_i phi(x; z_i),   theta_i <- theta_i - dt n grad_{theta_i} L,

no 1/n in the step (Rotskoff, Vanden-Eijnden, arXiv 1805.00915, section 4). L is half the mean of |y - f_n|^2 over a fresh
batch, times the total mass of its measure, or what is known of it in closed form. The twin of `particle-sgd`, which is the
same in jax: it starts from the same particles, and the batches differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from mfbench import Checkpoint, Context, Diverged
from mfbench.tasks.regression import RegressionProblem

from .blocks.quick_units import QuickUnits, keep_memory
from .blocks.stable_step import SAMPLES, StableStep
from .particle_regression_entry import ParticleDescent

UPDATES = 32
"""Steps between two checkpoints."""
AT_ONCE = 1 << 20
"""Values of units, (n, p), that are made at once on a CPU: with room for several such arrays in `quick_units.ARENA`."""


class Cloud(NamedTuple):
    """Particles: weights c (n,) and parameters z (n, k)."""

    c: torch.Tensor
    z: torch.Tensor


def solve(problem: RegressionProblem, parameters: ParticleDescent, context: Context) -> Iterator[Checkpoint]:
    """Descend until `steps`, or until stopped; a checkpoint is the network as it stands."""
    keep_memory()
    device = torch.device(context.device)
    seeds = np.random.SeedSequence(context.seed).generate_state(3)
    generator = torch.Generator(device).manual_seed(int(seeds[1]))
    # Rounding is no part of the question where the loss is known exactly and the problem small.
    dtype = torch.float32 if problem.closed_form is None else torch.float64
    c, z = problem.initial(np.random.default_rng(seeds[0]), parameters.particles)
    cloud = Cloud(*(torch.as_tensor(part, dtype=dtype, device=device) for part in (c, z)))
    exact = problem.closed_form is not None and not parameters.sampled

    def network(cloud: Cloud, x: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            points = torch.as_tensor(x, dtype=dtype, device=device)
            return (problem.unit(points, cloud.z) @ cloud.c / len(cloud.c)).cpu()

    def slope_of(cloud: Cloud, batch: int) -> tuple[torch.Tensor, Cloud]:
        if exact:
            return closed_slope(problem, cloud)
        noise = torch.randn(batch, problem.noise_dim, generator=generator, dtype=dtype, device=device)
        return batch_slope(problem, cloud, *problem.sample(noise))

    def loss_of(
        batch: int, generator: torch.Generator
    ) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        if exact:
            return lambda c, z: closed_loss(problem, Cloud(c, z))
        noise = torch.randn(batch, problem.noise_dim, generator=generator, dtype=dtype, device=device)
        x, y = problem.sample(noise)
        return lambda c, z: 0.5 * problem.mass * torch.mean((problem.unit(x, z) @ c / len(c) - y) ** 2)

    chosen = None if parameters.step else StableStep(problem, loss_of, int(seeds[2]), device)
    done, left, drawn, loss, time, dt = 0, 0, 0, 0.0, 0.0, parameters.step
    while True:
        reports = {"particle_time": time, "steps": float(done)}
        if done:
            reports |= {"batch_loss": loss, "step": dt}
        if problem.closed_form is not None:
            with torch.no_grad():
                penalty = problem.penalty * torch.mean(torch.abs(cloud.c))
                reports["objective"] = float(closed_loss(problem, cloud) + penalty)
        finite = all(bool(torch.all(torch.isfinite(part))) for part in cloud)
        if not (finite and all(np.isfinite(value) for value in reports.values())):
            raise Diverged(
                f"after {done} steps, the last of {dt:g}, particles or their loss ({loss:.3g}) are not finite"
            )
        yield Checkpoint(
            evaluate=network,
            state=cloud,
            work={"evaluations": drawn, "samples": drawn, "steps": done},
            reports=reports,
        )
        if parameters.steps and done >= parameters.steps:
            return
        count = min(UPDATES, parameters.steps - done) if parameters.steps else UPDATES
        if chosen is not None and not left:
            some = min(parameters.batch_at(done), SAMPLES)
            dt, left, products = chosen.choose(cloud, some)
            drawn += products * parameters.particles if exact else some
        if chosen is not None:
            count = min(count, left)
            left -= count
        total = torch.zeros((), dtype=dtype, device=device)
        for _ in range(count):
            batch = parameters.batch_at(done)
            value, slope = slope_of(cloud, batch)
            cloud = advanced(problem, cloud, slope, dt)
            total += value
            done += 1
            drawn += parameters.particles if exact else batch
        time += count * dt
        loss = float(total) / count


def batch_slope(
    problem: RegressionProblem, cloud: Cloud, x: torch.Tensor, y: torch.Tensor
) -> tuple[torch.Tensor, Cloud]:
    """(m / 2) times the mean of |y - f_n(x)|^2 over a batch x (p, d), y (p,), and its gradient.

    Units are made as (n, p), part of the batch after part; autograd differentiates them, the rest is linear.
    """
    n = len(cloud.c)
    weights, share = cloud.c / n, problem.mass / len(x)
    z = cloud.z.detach().requires_grad_()
    loss, slope = cloud.c.new_zeros(()), torch.zeros_like(cloud.c)
    rows = len(x) if x.is_cuda else max(1, AT_ONCE // n)
    for some, wanted in zip(x.split(rows), y.split(rows), strict=True):
        with QuickUnits():
            units = problem.unit(some, z).T
        values = units.detach()
        residual = weights @ values - wanted
        loss += 0.5 * share * (residual @ residual)
        slope += (share / n) * (values @ residual)
        units.backward(weights[:, None] * (share * residual))  # added up in z.grad
    assert z.grad is not None
    return loss, Cloud(slope, z.grad)


def closed_loss(problem: RegressionProblem, cloud: Cloud) -> torch.Tensor:
    """The loss without samples."""
    form = problem.closed_form
    assert form is not None
    c = cloud.c / len(cloud.c)
    return form.constant - c @ form.overlap(cloud.z) + 0.5 * c @ (form.kernel(cloud.z, cloud.z) @ c)


def closed_slope(problem: RegressionProblem, cloud: Cloud) -> tuple[torch.Tensor, Cloud]:
    """The loss without samples, and its gradient."""
    moving = Cloud(*(part.detach().requires_grad_() for part in cloud))
    loss = closed_loss(problem, moving)
    return loss.detach(), Cloud(*torch.autograd.grad(loss, list(moving)))


def advanced(problem: RegressionProblem, cloud: Cloud, slope: Cloud, step: float) -> Cloud:
    """One step; a penalty takes its proximal step, and what has left its manifold returns."""
    time = step * len(cloud.c)
    c, z = (part - time * change for part, change in zip(cloud, slope, strict=True))
    if not problem.free_weights:
        c = cloud.c
    elif problem.penalty:
        c = torch.sign(c) * torch.clamp(torch.abs(c) - step * problem.penalty, min=0.0)
    return Cloud(c, z if problem.constrain is None else problem.constrain(z))
