"""Solvers and problems with one defect each, and one of either kind with none; the checks that must fail stand beside."""

from __future__ import annotations

import dataclasses
import os
import random
import time

import numpy as np

import mfbench
from mfbench.conformance.runs import PROBE_BUDGET
from mfbench.tasks.committor import BOX_PROBES, PROBES, CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench.tasks.committor_points import EnergyPoints, ReferencePoints


@dataclasses.dataclass(frozen=True)
class Plain:
    """Parameters of almost everything here."""

    steps: int = 8


@dataclasses.dataclass(frozen=True)
class Few:
    """Of a solver whose steps take long."""

    steps: int = 3


@dataclasses.dataclass(frozen=True)
class Many:
    """Of a solver that yields all the time."""

    steps: int = 1000


@dataclasses.dataclass(frozen=True)
class Drifting:
    """Not what was written down: half of it."""

    steps: int = 8

    def __post_init__(self):
        object.__setattr__(self, "steps", self.steps // 2)


def evaluate(state, x):
    return np.full(len(x), float(np.ravel(state)[0]))


def honest(problem, parameters, context):
    """Walks with a generator of its own, and counts what it evaluates."""
    rng = np.random.default_rng(context.seed)
    x = np.repeat(problem.start_a, 10, axis=0)
    for step in range(1, parameters.steps + 1):
        x = x + 0.1 * rng.standard_normal(x.shape)
        problem.potential(x)
        yield mfbench.Checkpoint(
            evaluate=evaluate, state=1 / (2 + np.mean(x) ** 2), work={"evaluations": step * len(x)}
        )


def undetermined(problem, parameters, context):
    yield from honest(problem, parameters, dataclasses.replace(context, seed=None))


def global_random(problem, parameters, context):
    random.seed(context.seed)
    for checkpoint in honest(problem, parameters, context):
        yield dataclasses.replace(checkpoint, state=0.1 + random.random() / 2)


def new_evaluate(problem, parameters, context):
    for checkpoint in honest(problem, parameters, context):
        yield dataclasses.replace(checkpoint, evaluate=lambda state, x: evaluate(state, x))


def in_place(problem, parameters, context):
    state = np.array([0.5])
    for checkpoint in honest(problem, parameters, context):
        state[0] = 0.9 * state[0]
        yield dataclasses.replace(checkpoint, state=state)


def crowded(problem, parameters, context):
    for checkpoint in honest(problem, parameters, context):
        yield dataclasses.replace(checkpoint, evaluate=among_others)


def among_others(state, x):
    return evaluate(state, x) + 0.1 * np.tanh(x[:, 0] - x[:, 0].mean())


def moves_starts(problem, parameters, context):
    problem.start_a[...] += 0.01
    yield from honest(problem, parameters, context)


def scribbles(problem, parameters, context):
    for checkpoint in honest(problem, parameters, context):
        yield dataclasses.replace(checkpoint, evaluate=on_the_points)


def on_the_points(state, x):
    x[:] = 0.0
    return evaluate(state, x)


def rare_yields(problem, parameters, context):
    for checkpoint in honest(problem, parameters, context):
        yield checkpoint
        end = time.process_time() + 0.5
        while time.process_time() < end:
            pass


def understated(problem, parameters, context):
    for checkpoint in honest(problem, parameters, context):
        yield dataclasses.replace(
            checkpoint, work={"evaluations": int(0.89 * checkpoint.work["evaluations"])}
        )


def counts_of_numpy(problem, parameters, context):
    """Whole numbers of another type, and one that is a float, are counts all the same."""
    for checkpoint in honest(problem, parameters, context):
        count = checkpoint.work["evaluations"]
        yield dataclasses.replace(
            checkpoint, work={"evaluations": np.int64(count) if count % 40 else float(count)}
        )


def shy(problem, parameters, context):
    """Runs in a trial, and not where a probe looks at it."""
    if context.budget == PROBE_BUDGET:
        raise RuntimeError("somebody looks")
    yield from honest(problem, parameters, context)


def leaves_a_probe(problem, parameters, context):
    """Goes on in a trial, and not where a probe looks at it."""
    for step, checkpoint in enumerate(honest(problem, parameters, context)):
        if step == 5 and context.budget == PROBE_BUDGET:
            raise RuntimeError("somebody looks")
        yield checkpoint


def solves_when_asked(problem, parameters, context):
    """All work is done where no clock and no count sees it."""

    def descended(steps, x):
        for _ in range(steps):
            x = x - 1e-3 * (problem.potential(x + 1e-3) - problem.potential(x - 1e-3))[:, None]
        return np.clip(problem.boundary_a(x), 0.0, 1.0)

    for step in range(1, parameters.steps + 1):
        yield mfbench.Checkpoint(evaluate=descended, state=40 * step, work={"evaluations": 0})


def reweighted(problem, parameters, context):
    """The potential at x is part of its answer."""

    def weight(state, x):
        return np.exp(-problem.potential(x))

    for checkpoint in honest(problem, parameters, context):
        yield dataclasses.replace(checkpoint, evaluate=weight)


def integrated(problem, parameters, context):
    """So is the potential at a few points more."""

    def integral(state, x):
        return sum(problem.potential(share * x) for share in (0.25, 0.5, 0.75, 1.0))

    for checkpoint in honest(problem, parameters, context):
        yield dataclasses.replace(checkpoint, evaluate=integral)


def expands(problem, parameters, context):
    """Asks, once it is under way, for what cannot be counted: `jet` takes no function with derivative rules of its own."""
    state = np.random.get_state()
    import jax
    from jax.experimental.jet import jet

    np.random.set_state(state)  # which importing jax changes, where the fork server has not done it before

    def along(x):
        return jet(lambda y: problem.potential(y[None])[0], (x,), ([jax.numpy.ones_like(x)] * 2,))[1][1]

    for checkpoint in honest(problem, parameters, context):
        yield checkpoint
        along(jax.numpy.ones(1))


def tires(problem, parameters, context):
    """Counts until somebody might have stopped looking."""
    for checkpoint in honest(problem, parameters, context):
        count = checkpoint.work["evaluations"]
        yield dataclasses.replace(checkpoint, work={"evaluations": min(count, 64 * 20)})


def over_budget(problem, parameters, context):
    """Goes on without a yield for ever where the budget is a trial's, and not the longer one of a probe."""
    yield from honest(problem, parameters, context)
    while context.budget < 5.0:
        time.sleep(0.1)


def hurried(problem, parameters, context):
    """Gets nothing done in a trial that is much shorter than a probe made believe."""
    time.sleep(2 * context.budget if context.budget < 1.0 else 0.0)
    yield from honest(problem, parameters, context)


def raises(problem, parameters, context):
    yield from honest(problem, parameters, context)
    raise RuntimeError("the plug was pulled")


def crashes(problem, parameters, context):
    yield next(honest(problem, parameters, context))
    os.kill(os.getpid(), 11)


def refuse_badly(facts):
    return 1 / facts.dim if facts.dim > 1 else None


WELL = 0.5


def potential(x):
    return WELL * (x[:, 0] ** 2 - 1.0) ** 2


def build(parameters, seed, **changes):
    given = {
        "dim": 1,
        "beta": 1.0,
        "potential": potential,
        "boundary_a": lambda x: x[:, 0] + 1.0,
        "boundary_b": lambda x: 1.0 - x[:, 0],
        "start_a": np.array([[-1.5], [-1.2]]),
        "start_b": np.array([[1.5], [1.2]]),
        "box": np.array([[-2.5], [2.5]]),
    }
    return CommittorProblem(**given | changes)


def of_another_mobility(parameters, seed):
    """Its entry says nothing of it."""
    return build(parameters, seed, mobility=np.array([2.0]))


def committor(x):
    """q on the line: the integral of e^V from -1 to x, by a fine midpoint rule."""
    edges = np.linspace(-1.0, 1.0, 100_001)
    middles = (edges[1:] + edges[:-1]) / 2
    cumulated = np.concatenate([[0.0], np.cumsum(np.exp(potential(middles[:, None])))])
    return np.interp(x[:, 0], edges, cumulated / cumulated[-1])


def judge(parameters, seed):
    x = np.linspace(-0.999, 0.999, 400)[:, None]
    q = committor(x)
    weights = q * (1 - q) / np.sum(q * (1 - q))
    equal = np.full(len(q), 1.0 / len(q))
    points = ReferencePoints(x=x, q=q, p=1 - q, weights=weights)
    flat = ReferencePoints(x=x, q=q, p=1 - q, weights=equal)
    how = {"method": "quadrature", "source": "midpoint rule"}
    return CommittorJudge(
        beta=1.0,
        reactive=points,
        flat=flat,
        logit_range=(0.0005, 0.0005),
        equilibrium=flat,
        energy=EnergyPoints(x=x, weights=equal),
        field=mfbench.Reference(quantity="q", value=None, tolerance=1e-8, **how),
        rate=mfbench.Reference(quantity="nu", value=0.2, tolerance=1e-8, **how),
    )


def judge_of_another(parameters, seed, q_of=lambda q: q + 0.01 * np.sin(9 * q)):
    """All of the judge's sets, with another q than the problem's: off by a hundredth, at most."""

    def wrong(points):
        q = np.clip(q_of(points.q), 1e-6, 1 - 1e-6)
        return dataclasses.replace(points, q=q, p=1 - q)

    right = judge(parameters, seed)
    sets = {name: wrong(getattr(right, name)) for name in ("reactive", "flat", "equilibrium")}
    return dataclasses.replace(right, **sets)


def judge_of_the_way_back(parameters, seed):
    return judge_of_another(parameters, seed, lambda q: 1 - q)


def no_float32(parameters, seed):
    return build(
        parameters,
        seed,
        potential=lambda x: potential(x).astype(float) if isinstance(x, np.ndarray) else potential(x),
    )


def numpy_only(parameters, seed):
    return build(parameters, seed, potential=lambda x: potential(np.asarray(x)))


def unlike(parameters, seed):
    """One constant, given with other digits in one library."""
    return build(
        parameters, seed, potential=lambda x: potential(x) * (1.0 if isinstance(x, np.ndarray) else 1.00001)
    )


def cut_gradient(parameters, seed):
    def half(x):
        known = getattr(x, "detach", None)
        if known is not None:
            return 0.5 * potential(x) + 0.5 * potential(known())
        if isinstance(x, np.ndarray):
            return potential(x)
        import jax

        return 0.5 * potential(x) + 0.5 * potential(jax.lax.stop_gradient(x))

    return build(parameters, seed, potential=half)


def by_the_batch(parameters, seed):
    return build(parameters, seed, potential=lambda x: potential(x) + 0.1 * (len(x) > 700))


def bent(parameters, seed):
    """Values and slopes are right, the curvature is off by ten."""

    def wrong(x):
        if isinstance(x, np.ndarray):
            return potential(x)
        import jax

        kept = x.detach() if hasattr(x, "detach") else jax.lax.stop_gradient(x)
        return potential(x) + 5.0 * (x[:, 0] - kept[:, 0]) ** 2

    return build(parameters, seed, potential=wrong)


def flat_boundary(parameters, seed):
    return build(parameters, seed, boundary_a=lambda x: (x[:, 0] + 1.0) ** 3)


def wrong_flags(parameters, seed):
    return build(parameters, seed, circulation=lambda x: 0.0 * x)


def heating(parameters, seed):
    return build(parameters, seed, circulation=lambda x: 0.1 * x)


def unseeded(parameters, seed):
    shift = np.random.default_rng().uniform(0.0, 0.1)
    return build(parameters, seed, potential=lambda x: potential(x) + shift)


def wide(parameters, seed):
    """A has grown over points at which the judge asks."""
    return build(parameters, seed, boundary_a=lambda x: x[:, 0] + 0.8)


def right_route(parameters, seed):
    from scipy.integrate import quad

    def solution(x):
        whole = quad(lambda s: np.exp(WELL * (s * s - 1) ** 2), -1, 1)[0]
        return np.array([quad(lambda s: np.exp(WELL * (s * s - 1) ** 2), -1, t)[0] / whole for t in x[:, 0]])

    return mfbench.SecondRoute(
        solution=solution, tolerance=1e-8, method="adaptive quadrature", source="QUADPACK"
    )


def wrong_route(parameters, seed):
    return dataclasses.replace(right_route(parameters, seed), solution=lambda x: (x[:, 0] + 1) / 2)


def kills_its_process(parameters, seed):
    def deadly(x):
        if len(x) > 10 and len(x) != BOX_PROBES + 2 * PROBES:  # as many are looked at while it is built
            os._exit(7)
        return potential(x)

    return build(parameters, seed, potential=deadly)


SOLVERS = {
    "honest": (honest, [], {}),
    "undetermined": (undetermined, ["determinism"], {}),
    "global-random": (global_random, ["random-state"], {}),
    "new-evaluate": (new_evaluate, ["one-evaluate"], {}),
    "in-place": (in_place, ["kept-state"], {}),
    "crowded": (crowded, ["own-rows"], {}),
    "moves-starts": (moves_starts, ["given-untouched"], {}),
    "scribbles": (scribbles, ["given-untouched"], {}),
    "rare-yields": (rare_yields, ["cheap-yields"], {"parameters": Few}),
    "understated": (understated, ["truthful-work"], {}),
    "counts-of-numpy": (counts_of_numpy, [], {}),
    "shy": (
        shy,
        [
            "determinism",
            "cheap-yields",
            "one-evaluate",
            "kept-state",
            "random-state",
            "truthful-work",
            "own-rows",
            "given-untouched",
        ],
        {},
    ),
    "leaves-a-probe": (leaves_a_probe, ["truthful-work"], {}),
    "solves-when-asked": (solves_when_asked, ["truthful-work"], {}),
    "reweighted": (reweighted, [], {}),
    "integrated": (integrated, [], {}),
    "expands": (expands, [], {"extras": ("jax",)}),
    "tires": (tires, ["truthful-work"], {"parameters": Many}),
    "over-budget": (over_budget, ["budget"], {}),
    "hurried": (hurried, [], {}),
    "raises": (raises, ["trial"], {}),
    "crashes": (crashes, ["trial"], {}),
    "refuses-badly": (honest, ["supports"], {"supports": refuse_badly}),
    "drifting": (honest, ["parameters"], {"parameters": Drifting}),
}
PROBLEMS = {
    "sound": (build, [], {"second_route": "defective_plugin:right_route"}),
    "numpy-only": (numpy_only, ["namespaces", "gradients"], {}),
    "unlike": (unlike, ["namespaces", "gradients"], {}),
    "no-float32": (no_float32, ["shapes"], {}),
    "by-the-batch": (by_the_batch, ["rows"], {}),
    "bent": (bent, ["gradients"], {}),
    "cut-gradient": (cut_gradient, ["gradients"], {}),
    "flat-boundary": (flat_boundary, ["boundary"], {}),
    "wide": (wide, ["boundary", "grid"], {}),
    "wrong-flags": (wrong_flags, ["facts"], {}),
    "heating": (
        heating,
        ["circulation", "grid"],
        {"facts": lambda p: mfbench.Facts(task="committor", dim=1)},
    ),
    "of-another-mobility": (
        of_another_mobility,
        ["facts"],
        {"facts": lambda p: mfbench.Facts(task="committor", dim=1)},
    ),
    "unseeded": (unseeded, ["repetitions"], {}),
    "wrong-route": (build, ["second-route"], {"second_route": "defective_plugin:wrong_route"}),
    "off-by-a-hundredth": (build, ["grid"], {"judge": "defective_plugin:judge_of_another"}),
    "swapped": (build, ["ends", "grid"], {"judge": "defective_plugin:judge_of_the_way_back"}),
    "deadly": (kills_its_process, ["shapes"], {}),
}


@mfbench.hookimpl
def mfbench_problems():
    return [
        mfbench.ProblemEntry(
            **{
                "name": f"committor/{name}",
                "summary": "A double well on a line.",
                "formula": "V = (x^2 - 1)^2 / 2, A = {x <= -1}, B = {x >= 1}",
                "source": "elementary",
                "facts": lambda p: mfbench.Facts(task="committor", dim=1, flags=frozenset({"reversible"})),
                "build": f"defective_plugin:{function.__name__}",
                "judge": "defective_plugin:judge",
                "parameters": Plain,
            }
            | changes
        )
        for name, (function, _, changes) in PROBLEMS.items()
    ]


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            **{
                "name": name,
                "task": "committor",
                "summary": "Walks about.",
                "source": "elementary",
                "run": f"defective_plugin:{function.__name__}",
                "parameters": Plain,
            }
            | changes
        )
        for name, (function, _, changes) in SOLVERS.items()
    ]
