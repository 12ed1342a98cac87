"""The part of the logit that no network learns: what rho is of a distance, and what a problem's boundaries make of it."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from mfbench_committor import spheres
from mfbench_committor.entries.spheres import SpheresParameters
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.distance_lift import GROWN, INNER, MOST, SMOOTH, Profile, distance_lift
from mfbench_jax.blocks.scaled import scaled

DIM = 4
PROFILES = {
    "flat": Profile(0.8),
    "disc": Profile(0.9, 9.0, 1.0),
    "ball": Profile(0.7, 1.3, 9.0),
    "hollow": Profile(0.6, -0.4, 5.0),
    "nearly flat": Profile(0.6, 1e-12, 1.0),
    "pushed": Profile(0.5, -0.04, MOST),
}


def slowed(profile, t):
    """int_0^t (1 - (s / reach)^2)^SMOOTH ds by quadrature."""
    return quad(
        lambda s: (1.0 - (s / profile.reach) ** 2) ** SMOOTH, 0.0, min(t, profile.reach), epsabs=1e-14
    )[0]


@pytest.mark.parametrize("name", PROFILES)
def test_rho_is_the_integral_of_what_curvature_leaves_of_a_slope(name):
    profile = PROFILES[name]
    t = np.geomspace(1e-5, 1.5 * profile.reach, 20)
    exact = [
        quad(
            lambda s: (1.0 + profile.curvature * s) ** -profile.directions,
            0.0,
            slowed(profile, one),
            epsabs=1e-14,
        )[0]
        for one in t
    ]
    np.testing.assert_allclose(profile(t), exact, rtol=1e-10)
    np.testing.assert_allclose(profile(jnp.asarray(t)), exact, rtol=1e-10)


@pytest.mark.parametrize("directions", [1.0, 2.0, 9.0, MOST])
def test_within_a_hollow_set_the_slope_grows_by_a_bounded_factor(directions):
    """Inside a circle, a ball, or pushed by a force: at the reach that `profile_of` gives them."""
    total = -3.0
    profile = Profile(GROWN / -total, total / directions, directions)
    grown = 1.0 + profile.curvature * slowed(profile, profile.reach)
    assert 1.0 < grown**-directions < 5.5


@pytest.mark.parametrize("name", PROFILES)
def test_derivatives_of_rho_are_those_of_its_formula(name):
    profile = PROFILES[name]
    t = np.linspace(INNER, 1.2 * profile.reach, 50)
    slope = jax.grad(profile)
    first, second = (np.asarray(jax.jit(jax.vmap(of))(t)) for of in (slope, jax.grad(slope)))
    inner = t < profile.reach
    found = profile.derivatives(t)
    np.testing.assert_allclose(found[0][inner], first[inner], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[1][inner], second[inner], rtol=1e-8, atol=1e-10)
    assert np.all(found[0][~inner] == 0.0) and np.all(found[1][~inner] == 0.0)
    assert found[0][0] == pytest.approx(1.0, abs=1e-3) and np.all(first[inner] > 0.0)


def test_at_the_reach_rho_is_smooth():
    """Its slope falls like (reach - t)^SMOOTH."""
    profile = PROFILES["ball"]
    near, nearer = (profile.derivatives(np.array([profile.reach * (1.0 - h)]))[0][0] for h in (0.02, 0.01))
    assert np.log2(near / nearer) == pytest.approx(SMOOTH, abs=0.1)


def lift_of(problem):
    scale = scale_of(problem)
    return distance_lift(scaled(problem, scale)), scale


def test_next_to_a_ball_rho_is_the_harmonic_function_of_the_slowed_distance():
    """int_0^t (1 + s / r)^(1 - d) ds = (1 - (1 + t / r)^(2 - d)) r / (d - 2)."""
    radius = 0.4
    profile = Profile(0.9, 1.0 / radius, DIM - 1.0)
    for t in (0.01, 0.1, 0.3, 1.0):
        harmonic = (1.0 - (1.0 + slowed(profile, t) / radius) ** (2 - DIM)) * radius / (DIM - 2)
        assert float(profile(np.asarray(t))) == pytest.approx(harmonic, rel=1e-10)


@pytest.mark.parametrize("stiffness", [0.0, 10.0, 20.0])
def test_a_force_that_is_the_same_all_over_a_boundary_bends_the_lift(stiffness):
    """Between spheres, q' ~ e^{beta V} r^(1 - d): without its slope t, halving t quarters the difference."""
    parameters = SpheresParameters(dim=DIM, stiffness=stiffness)
    lift, scale = lift_of(spheres.build(parameters, seed=3))
    for layer, radius, way in ((lift.at_a, spheres.OUTER, -1.0), (lift.at_b, spheres.INNER, 1.0)):

        def slope(r, radius=radius):
            return np.exp(stiffness * (r**2 - radius**2) / parameters.temperature) * (r / radius) ** (1 - DIM)

        total = (DIM - 1) / radius - 2.0 * stiffness * radius / parameters.temperature
        profile = layer.profile
        bend = profile.curvature * profile.directions
        np.testing.assert_allclose(bend, way * total * scale.length, rtol=1e-6)
        assert -bend * profile.reach <= GROWN * (1.0 + 1e-12)
        rests = []
        for distance in (0.01, 0.005):
            t = distance / scale.length
            x = np.zeros((1, DIM))
            x[0, 0] = radius + way * distance
            exact = np.log(abs(quad(slope, radius, radius + way * distance)[0]) / distance)
            found = float(layer(jnp.asarray((x - scale.centre) / scale.length))[0]) - np.log(t)
            rests.append(abs(found - exact))
        np.testing.assert_allclose(rests[0] / rests[1], 4.0, rtol=0.2)


def test_a_mobility_leaves_the_force_out():
    problem = spheres.build(SpheresParameters(dim=DIM, stiffness=10.0), seed=3)
    profile = lift_of(replace(problem, mobility=np.ones(DIM)))[0].at_b.profile
    assert profile.directions == pytest.approx(DIM - 1, rel=1e-6)
