"""`mlcolvar`: a peer's committor in rounds, on its own bias or on tempered samples.

A round of Kang, Trizio and Parrinello's scheme, with the package's network, loss and weights (`samples=own`):

    1. walkers move under V + V_K, V_K = -(lambda / beta) log(|grad q|^2 + epsilon), the Kolmogorov bias of the
       current q (the first round: under V), and are recorded; those inside A and B are left out;
    2. each record weighs e^{beta V_K}, normalised to mean 1 within its round;
    3. q is trained anew from where it stands on the records of the last rounds, and on points of A and B.

With `samples=tempered` walkers move under V at the temperature heat / beta whatever q is, so that the package gets samples
that no learned bias has led: a record weighs e^{-(1 - 1 / heat) beta V}. All rounds have one law then, and their weights
one mean of 1; rounds normalised each on its own would give those that missed the likely places too much.

Lightning's trainer is replaced by the loop that it would run on one batch, since a solver must yield.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from mlcolvar.cvs import Committor

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_peers.blocks.walkers import Energy, Walkers, arrive, walked
from mfbench_peers.entries import MlcolvarParameters

EPOCHS_PER_YIELD = 20
EPSILON = 1e-6
"""In the bias, relative to the square of one over the problem's length: the package's default."""
FIRST_STEP = 1e-4
"""Of the walkers, relative to the square of the problem's length."""
LogWeight = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Points (n, d), and the energy (n,) under which they were drawn -> (n,)."""


def solve(
    problem: CommittorProblem, parameters: MlcolvarParameters, context: Context
) -> Iterator[Checkpoint]:
    """Rounds without end; a checkpoint is the network as it stands."""
    seed = int(np.random.SeedSequence(context.seed).generate_state(1)[0])
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    centre, length = scale_of(problem)
    model = make_model(problem.dim, parameters)
    tempered = parameters.samples == "tempered"

    def scaled(x: torch.Tensor) -> torch.Tensor:
        return (x - torch.as_tensor(centre)) / length

    def evaluate(state: dict[str, Any], x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            values = torch.func.functional_call(model, state, (scaled(torch.as_tensor(x)),))
        return values[:, 0].numpy()

    def bias(x: torch.Tensor) -> torch.Tensor:
        """beta V_K, (n, d) -> (n,), differentiable."""
        at = x if x.requires_grad else x.requires_grad_()
        (slope,) = torch.autograd.grad(model(scaled(at)).sum(), at, create_graph=True)
        return -parameters.strength * torch.log(length**2 * torch.sum(slope**2, dim=1) + EPSILON)

    def unbiased_energy(x: torch.Tensor) -> torch.Tensor:
        return problem.beta * problem.potential(x)

    def biased_energy(x: torch.Tensor) -> torch.Tensor:
        return unbiased_energy(x) + bias(x)

    def hot_energy(x: torch.Tensor) -> torch.Tensor:
        return unbiased_energy(x) / parameters.heat

    def law_of(round_number: int) -> tuple[Energy, LogWeight]:
        """The energy of a round's walkers, and the logarithm of the weights that undo what is not beta V in it."""
        if tempered:
            return hot_energy, lambda x, energy: (1.0 - parameters.heat) * energy
        if round_number:
            return biased_energy, lambda x, energy: bias(x).detach()
        return unbiased_energy, lambda x, energy: torch.zeros_like(energy)

    def checkpoint(round_number: int) -> Checkpoint:
        state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        return Checkpoint(
            evaluate=evaluate,
            state=state,
            work={"evaluations": visited},
            reports={"rounds": float(round_number), "walkers_escaped": float(escaped)},
        )

    edges = torch.as_tensor(np.concatenate([problem.start_a, problem.start_b]))
    edge_labels = torch.cat([torch.zeros(len(problem.start_a)), torch.ones(len(problem.start_b))])
    x = starts(problem, parameters.walkers, generator)
    walkers = arrive(law_of(0)[0], x, torch.full((len(x),), FIRST_STEP * length**2, dtype=x.dtype))
    visited, escaped = len(x), 0
    low, high = torch.as_tensor(problem.box)
    optimiser = torch.optim.Adam(model.parameters(), lr=parameters.rate)
    remembered: list[tuple[torch.Tensor, torch.Tensor]] = []
    yield checkpoint(0)

    round_number = 0
    while True:
        energy, log_weight = law_of(round_number)
        walkers = arrive(energy, walkers.x, walkers.h, walkers.steps)
        visited += len(walkers.x)
        records = []
        for _ in range(parameters.records):
            walkers = walked(walkers, energy, parameters.moves, generator)
            records.append(walkers)
            visited += parameters.moves * len(walkers.x)
            escaped += int(torch.sum(torch.any((walkers.x < low) | (walkers.x > high), dim=1)))
            yield checkpoint(round_number)
        remembered = [*remembered, outside(records, problem, log_weight)][-parameters.memory :]
        data = torch.cat([edges, *(points for points, _ in remembered)])
        weights = weights_of([logarithms for _, logarithms in remembered], together=tempered)
        batch = {
            "labels": torch.cat([edge_labels, torch.full((len(weights),), 2.0)]),
            "weights": torch.cat([torch.ones(len(edges), dtype=data.dtype), weights]),
        }
        for epoch in range(1, parameters.epochs + 1):
            optimiser.zero_grad()
            loss_of(model, batch | {"data": scaled(data)}).backward()
            optimiser.step()
            if epoch % EPOCHS_PER_YIELD == 0 or epoch == parameters.epochs:
                yield checkpoint(round_number)
        round_number += 1


def make_model(dim: int, parameters: MlcolvarParameters) -> Committor:
    """The package's model in double precision; d atoms of unit mass on a line are a point in d dimensions."""
    layers = [dim, *[parameters.width] * parameters.depth, 1]
    model = Committor(
        layers=layers, atomic_masses=torch.ones(dim), alpha=parameters.alpha, gamma=parameters.gamma, n_dim=1
    )
    return model.double().train()


def loss_of(model: Committor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The package's loss on one batch; it also writes to a log that is not there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.training_step(batch, 0)


def outside(
    records: list[Walkers], problem: CommittorProblem, log_weight: LogWeight
) -> tuple[torch.Tensor, torch.Tensor]:
    """The records outside A and B, (n, d), and the logarithms of their weights, (n,)."""
    points, energies = (torch.cat(parts) for parts in zip(*((r.x, r.energy) for r in records), strict=True))
    free = ~(problem.in_a(points) | problem.in_b(points))
    return points[free], log_weight(points[free].clone(), energies[free])


def weights_of(logarithms: list[torch.Tensor], together: bool) -> torch.Tensor:
    """The weights of some rounds, one after the other, with mean 1: of all of them, or of each."""
    if together:
        logarithms = [torch.cat(logarithms)]
    weights = [torch.exp(w - torch.logsumexp(w, dim=0)) * len(w) for w in logarithms]
    return torch.cat(weights)


def scale_of(problem: CommittorProblem) -> tuple[np.ndarray, float]:
    """Centre (d,) and length of the start points: inputs of the network are of order 1."""
    halves = (problem.start_a, problem.start_b)
    centre = sum(half.mean(axis=0) for half in halves) / 2.0
    spread = sum(np.mean((half - centre) ** 2) for half in halves) / 2.0
    return centre, float(np.sqrt(spread * problem.dim))


def starts(problem: CommittorProblem, walkers: int, generator: torch.Generator) -> torch.Tensor:
    """Walkers (n, d): the first half in A, the others in B."""
    half = (walkers + 1) // 2
    chosen = [
        torch.as_tensor(points)[torch.randint(len(points), (count,), generator=generator)]
        for points, count in ((problem.start_a, half), (problem.start_b, walkers - half))
    ]
    return torch.cat(chosen)
