"""The map between the sheet and the box minus discs, and the grid on the sheet."""

import math

import numpy as np
import pytest

from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.sheet_grid import grid_lines, sheet_grid

WHOLE = PuncturedBox(
    lower=(-2.0, -1.0), upper=(2.0, 1.5), centres=((-0.9, 0.2), (1.0, -0.3)), radius=0.2, reach=0.6
)
HALVED = PuncturedBox(
    lower=(-2.0, 0.0), upper=(2.0, 1.5), centres=((-1.0, 0.0), (1.0, 0.0)), radius=0.5, reach=1.0
)


def petals(lobes, size):
    """Outline a = size exp(.3 cos(lobes angle))."""

    def outline(angle):
        return size * np.exp(0.3 * np.cos(lobes * angle)), -0.3 * lobes * np.sin(lobes * angle)

    return outline


STARS = PuncturedBox(
    lower=(-2.0, -1.0),
    upper=(2.0, 1.5),
    centres=((-0.9, 0.2), (1.0, -0.3)),
    radius=0.2 * math.exp(0.3),
    reach=0.6,
    outlines=(petals(2, 0.2), petals(3, 0.2)),
)
BOXES = {"whole": WHOLE, "halved": HALVED, "stars": STARS}


@pytest.fixture(params=BOXES)
def box(request):
    return BOXES[request.param]


def outside(box, count=4000, seed=0):
    """(2, n) points of the box outside the discs."""
    u = np.random.default_rng(seed).uniform(box.lower, box.upper, (count, 2)).T
    return u[:, np.minimum(box.gap(0, u), box.gap(1, u)) > 1e-9]


def test_there_and_back(box):
    u = outside(box)
    sheet = box.to_sheet(u)
    np.testing.assert_allclose(box.from_sheet(sheet)[0], u, atol=1e-13)
    for centre in box.centres:
        hole = np.max(np.abs(sheet - np.reshape(centre, (2, 1))), axis=0)
        assert np.min(hole) >= box.reach / 2


def test_rims_are_the_holes_and_squares_stay(box):
    """The hole's edge maps to the circle or outline, the square's edge to itself."""
    t = np.linspace(-1, 1, 41)
    for side, centre in enumerate(box.centres):
        c = np.reshape(centre, (2, 1))
        top = np.stack([t, np.ones_like(t)])
        inner, outer = box.from_sheet(c + top * box.reach / 2)[0], box.from_sheet(c + top * box.reach)[0]
        np.testing.assert_allclose(np.hypot(*(inner - c)), box.rim(side, top)[0], rtol=1e-13)
        np.testing.assert_allclose(outer, c + top * box.reach, atol=1e-13)


def test_jacobian_against_differences(box):
    sheet, step = box.to_sheet(outside(box, 500)), 1e-6
    _, jacobian = box.from_sheet(sheet)
    for k, shift in enumerate(np.eye(2) * step):
        change = box.from_sheet(sheet + shift[:, None])[0] - box.from_sheet(sheet - shift[:, None])[0]
        close = np.isclose(change / (2 * step), jacobian[:, k], rtol=1e-6, atol=1e-6)
        assert np.mean(close) > 0.99, "differences may straddle a kink"


def test_rims_of_discs_are_round_and_slopes_are_derivatives(box):
    angle, step = np.linspace(-3.0, 3.0, 50), 1e-6
    for side in (0, 1):
        radius, slope = box.rim(side, np.stack([np.cos(angle), np.sin(angle)]))
        above, below = (
            box.rim(side, np.stack([np.cos(angle + s), np.sin(angle + s)]))[0] for s in (step, -step)
        )
        np.testing.assert_allclose(np.log(above / below) / (2 * step), slope, atol=1e-8)
        assert np.max(radius) <= box.radius
        assert box.outlines or np.all(radius == box.radius)


def test_discs_map_nowhere(box):
    u = np.add(np.transpose(box.centres), [[0.0], [box.radius / 2]])
    assert np.all(np.isnan(box.to_sheet(u)))


def test_area_of_the_grid_is_box_minus_sets(box):
    """With the Jacobian's determinant: every triangle is there, once, and the holes are not."""
    skfem = pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    grid = sheet_grid(box, 0.1)
    basis = skfem.Basis(skfem.MeshTri(grid.points, grid.triangles), skfem.ElementTriP1(), intorder=12)
    (a, b), (c, d) = box.from_sheet(np.asarray(basis.global_coordinates()))[1]
    # Trapezoidal sums of a period are exact here.
    angle = np.arange(400) * math.pi / 200
    sets = sum(
        np.mean(box.rim(side, np.stack([np.cos(angle), np.sin(angle)]))[0] ** 2)
        * (math.pi / 2 if box.halved(c) else math.pi)
        for side, c in enumerate(box.centres)
    )
    width, height = np.subtract(box.upper, box.lower)
    assert np.min(a * d - b * c) > 0
    assert np.sum((a * d - b * c) * basis.dx) == pytest.approx(width * height - sets, rel=1e-9)


def test_every_point_is_found_in_its_triangle(box):
    grid = sheet_grid(box, 0.17, halvings=1)
    sheet = box.to_sheet(outside(box))
    corners = grid.points[:, grid.triangles[:, grid.find(sheet)]]
    edges = corners[:, 1:] - corners[:, :1]
    local = np.linalg.solve(np.moveaxis(edges, -1, 0), (sheet - corners[:, 0]).T[..., None])[..., 0]
    assert np.min(local) > -1e-9
    assert np.max(np.sum(local, axis=1)) < 1 + 1e-9


def test_points_elsewhere_are_not_found(box):
    grid = sheet_grid(box, 0.2)
    hole, beyond = np.add(box.centres[0], [0.0, box.reach / 4]), np.add(box.upper, 1.0)
    np.testing.assert_array_equal(grid.find(np.stack([hole, beyond, [np.nan, np.nan]], axis=1)), -1)


def test_restricted_grid_finds_what_is_left(box):
    grid = sheet_grid(box, 0.2)
    keep = np.arange(grid.triangles.shape[1]) % 3 != 0
    sheet = box.to_sheet(outside(box, 500))
    before, after = grid.find(sheet), grid.restricted(keep).find(sheet)
    np.testing.assert_array_equal(after >= 0, keep[before])
    np.testing.assert_array_equal(after[after >= 0], (np.cumsum(keep) - 1)[before[after >= 0]])


def test_halving_keeps_lines(box):
    coarse, fine = grid_lines(box, 0, 0.3, 0), grid_lines(box, 0, 0.3, 1)
    np.testing.assert_allclose(fine[::2], coarse, atol=1e-14)
    assert np.max(np.diff(coarse)) <= 0.3 + 1e-12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radius": 0.7}, "expected 0 < radius < reach"),
        ({"centres": ((-0.1, 0.2), (1.0, 0.1))}, "overlap"),
        ({"centres": ((-1.9, 0.2), (1.0, 0.1))}, "leaves the box"),
    ],
)
def test_impossible_boxes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PuncturedBox(**(vars(WHOLE) | change))
