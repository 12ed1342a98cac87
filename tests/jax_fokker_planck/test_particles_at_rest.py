"""Walkers of a stationary law: the invariant variance of the scheme, the branch of the start, what is declined."""

from itertools import islice

import numpy as np
import pytest

from mfbench import Context, Diverged, Facts
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_fokker_planck import desai_zwanzig
from mfbench_fokker_planck.entries.desai_zwanzig import DesaiZwanzigParameters
from mfbench_jax.blocks.partners import PARTNERS
from mfbench_jax.particles_at_rest import System, solve
from mfbench_jax.particles_at_rest_entry import PARTICLES_AT_REST, ParticlesAtRestParameters


@pytest.fixture(autouse=True)
def double_precision():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        yield


def attracted(rate, attraction=0.0, start=1.0):
    """b = -rate x, F = -attraction (x - y), D = 1/2."""
    return FokkerPlanckProblem(
        dim=1,
        drift=lambda x, t: -rate * x,
        interaction=None if attraction == 0.0 else lambda x, y: -attraction * (x - y),
        diffusion=0.5,
        start=np.array([[start], [start + 0.5]]),
        box=np.array([[-10.0], [10.0]]),
    )


@pytest.mark.parametrize("attraction", [0.0, 3.0])
def test_the_variance_at_rest_is_that_of_the_scheme(attraction):
    """v = (1 - (a + k) h)^2 v + k^2 h^2 v / PARTNERS + 2 D h, to 4 standard errors of 60,000 walkers, and their 1 / n."""
    system, rate, h = System(attracted(1.0, attraction), 60_000, 0), 1.0 + attraction, 0.05
    x = system.walk(h, 200)[:, 0]
    variance = h / (1 - (1 - rate * h) ** 2 - attraction**2 * h**2 / PARTNERS)
    assert abs(np.var(x) / variance - 1) < 4 * np.sqrt(2 / 60_000) + 1 / 60_000
    assert abs(variance * 2 * rate - 1) > 4 * np.sqrt(2 / 60_000)  # the bias of the scheme is there
    assert system.time == pytest.approx(10.0)
    assert system.evaluations == 200 * 60_000


def test_the_step_follows_the_stiffness_of_drift_and_force():
    for rate, attraction in ((1.0, 0.0), (5.0, 0.0), (1.0, 9.0)):
        step = System(attracted(rate, attraction), 1000, 0).stable_step(0.1)
        assert step == pytest.approx(0.1 / (rate + attraction), rel=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_system_stays_on_the_side_of_its_start(seed):
    """1000 walkers at beta = 4 for 30 units of time: m* to .03, of which .02 is what 1 / n, step and noise leave."""
    problem = desai_zwanzig.build(DesaiZwanzigParameters(beta=4.0), seed)
    system = System(problem, 1000, 5)
    system.walk(0.01, 1000)
    means = [float(np.mean(system.walk(0.01, 50))) for _ in range(40)]
    side = np.sign(problem.start[0, 0])
    assert np.mean(means) == pytest.approx(side * desai_zwanzig.magnetisation(1.0, 4.0), abs=0.03)


def test_densities_become_better_from_round_to_round_and_the_seed_decides():
    parameters = DesaiZwanzigParameters(beta=4.0)
    problem, judge = desai_zwanzig.build(parameters, 0), desai_zwanzig.judge(parameters, 0)

    def errors(seed, number):
        context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
        solver = solve(problem, ParticlesAtRestParameters(walkers=1000, snapshots=4), context)
        return [
            judge.headline(c.evaluate(c.state, judge.inquiry.looks)).value for c in islice(solver, number)
        ]

    found = errors(0, 26)
    assert found[-1] < found[0] / 5
    assert found[-1] < 0.3
    assert errors(0, 6) == found[:6] != errors(1, 6)


def test_walkers_that_leave_the_numbers_are_said():
    problem = FokkerPlanckProblem(
        dim=1, drift=lambda x, t: x**3, diffusion=0.5, start=np.ones((1, 1)), box=np.array([[-9.0], [9.0]])
    )
    with pytest.raises(Diverged, match="100 of 100 walkers are not finite"):
        System(problem, 100, 0).walk(0.1, 500)


def test_it_declines_what_it_cannot_hold():
    def facts(*flags):
        return Facts(task="fokker-planck", dim=1, flags=frozenset(flags))

    assert PARTICLES_AT_REST.supports(facts("stationary", "interacting")) is None
    assert "stationary" in PARTICLES_AT_REST.supports(facts("transient"))
    assert "periodic" in PARTICLES_AT_REST.supports(facts("stationary", "interacting", "periodic"))
    with pytest.raises(ValueError, match="keep"):
        ParticlesAtRestParameters(keep=100)
