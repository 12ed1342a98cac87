"""The entry of `fokker-planck/gaussian`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import one_of

DEFAULT_DIM = {
    "heat": 3,
    "relaxation": 2,
    "self-consistency": 2,
    "random-trap": 10,
    "block-trap": 10,
    "moving-trap": 2,
    "unstable": 1,
    "oscillator": 2,
    "kinetic": 8,
    "interacting-trap": 100,
    "particle-trap": 8,
    "growing-covariance": 10,
    "turning-covariance": 10,
    "invariant": 100,
}
"""Case -> the dimension that `dim = 0` stands for."""

DIMS = {"self-consistency": (2,), "block-trap": (10,), "moving-trap": (2, 3), "oscillator": (2,)}
EVEN = ("kinetic", "interacting-trap", "growing-covariance", "turning-covariance", "invariant")
ALIGNED = ("heat", "oscillator", "kinetic", "interacting-trap", "particle-trap")
"""Cases whose coordinates mean something, or that are the same in all; the others are rotated anew for every repetition."""
UNEVEN = ("oscillator", "kinetic", "turning-covariance")
"""Cases whose noise has not one strength in all directions; the drift of the first two is no gradient either."""
TURNING = ("oscillator", "turning-covariance")
"""Cases whose covariances have other axes at other times."""


@dataclass(frozen=True, kw_only=True)
class GaussianParameters:
    """Parameters of `fokker-planck/gaussian`.

    Args:
        case: which linear equation, see the formula.
        dim: dimension d; 0 stands for the case's published one.

    Raises:
        ValueError: no such case, or a dimension that it does not have.
    """

    case: str = "relaxation"
    dim: int = 0

    def __post_init__(self) -> None:
        one_of(self, "case", tuple(DEFAULT_DIM))
        dim = self.dimension
        allowed = DIMS.get(self.case)
        if allowed is not None and dim not in allowed:
            raise ValueError(f"dim is {dim}; the case {self.case!r} has {' or '.join(map(str, allowed))}.")
        if not 1 <= dim <= 200:
            raise ValueError(f"dim is {dim}; expected a whole number from 1 to 200, or 0 for the case's own.")
        if self.case in EVEN and dim % 2:
            raise ValueError(f"dim is {dim}; expected an even number for the case {self.case!r}.")

    @property
    def dimension(self) -> int:
        """Dimension d."""
        return self.dim or DEFAULT_DIM[self.case]


def gaussian_facts(parameters: GaussianParameters) -> mfbench.Facts:
    """`reducible`: the control `gaussian-closure` is exact here, so it is a ladder and gives no headline."""
    flags = {"transient", "reducible"}
    if parameters.case not in ALIGNED:
        flags.add("rotated")
    if parameters.case not in UNEVEN:
        flags.add("gradient")
    if parameters.case not in TURNING:
        flags.add("separable")
    if parameters.case in ("oscillator", "kinetic"):
        flags.add("hypoelliptic")
    if parameters.case in UNEVEN:
        flags.add("anisotropic")
    if parameters.case == "interacting-trap":
        flags.add("exchangeable")
    return mfbench.Facts(task="fokker-planck", dim=parameters.dimension, flags=frozenset(flags))


GAUSSIAN = mfbench.ProblemEntry(
    name="fokker-planck/gaussian",
    summary="Linear drifts, in up to 200 dimensions: Gaussian at all times, moving, growing, interacting, degenerate.",
    formula=(
        "dX = b dt + sigma dW, p_0 = N(m, S), asked at times t. heat: b = 0, D = 1/2, N(0, I), t = .5, 1, 2.5. "
        "relaxation: b = -x, D = 1, N(1, I/4), t = .1, .25, .5. self-consistency: b = C^-1 ((4, 4) - x), C = "
        "diag(1.21, .81), D = 1, N((-4, -4), diag(.49, 1.69)), t = .5, 1, 3. random-trap: b = A (c - x), A with "
        "eigenvalues equally spaced in [.5, 2] in a basis drawn anew for every repetition, c ~ N(0, I) drawn too,"
        " D = 1, N(0, I), t = .2, .5, 2. block-trap: b = P (c - x), P = I and c = 0 but for coordinates 1, 2: P = ((2.5, "
        "1.5), (1.5, 2.5)), c = (1, 1); 5, 6: P = diag(1, 4), c = (1, 2); 9, 10: P = 4 I, c = (2, 3), D = 1, N(0, I), t "
        "= .25, 1, 4. moving-trap: b = A (c(t) - x), A = diag(1, 3[, 1]), c = 3 (cos pi t, sin"
        " pi t[, t]), D = .25, N(c(0), I/4), t = 1, 4, 10. unstable: b = .9 x, D = .18, N(1, I/4), t = .5, 1, 2. "
        "oscillator: b = (.1 x + y, -x - .1 y), noise of variance .6 per unit time on x alone, N((1, 1), I/9), t "
        "= .5, 2, 8. kinetic: x' = v, v' = -x - 2 v + 2 dW/dt per pair, x ~ N(2, 1), v ~ N(0, 1), positions "
        "before velocities, t = .5, 2, 10. interacting-trap: N = d/2 particles in the plane, dX_i = (beta - X_i +"
        " (X_i - mean X)/2) dt + sqrt(.5) dW_i, beta = 2 (cos pi t, sin pi t), N(beta(0), I/16), t = 1, 2, 5. "
        "particle-trap: dx_i = (nu - x_i - (x_i - mean x)/4) dt + sqrt(.02) dW_i, nu = 1.25 (sin pi t + 1.5), "
        "means equally spaced in [.9, 3], variance .1, t = 1, 4, 8. With G half its entries uniform on [1, 1.1], "
        "the others their reciprocals, and O orthogonal, drawn anew for every repetition: growing-covariance: dX "
        "= dW, N(0, O^T G O), t = .1, .5, 1; turning-covariance: dX = (O^T G + t I) dW, N(0, I), t = .1, .5, 1; "
        "invariant: dX = -(X - mu)/(2 G) dt + dW, mu ~ N(0, I) drawn too, N(0, I), t = .5, 1, 3."
    ),
    source=(
        "Dolgov et al. and fpcross, arXiv 2102.08143 (heat, relaxation); Shen et al., arXiv 2206.00860 (self-"
        "consistency); Li, Hurault, Solomon, arXiv 2301.13737 (random-trap, moving-trap); Liu et al., "
        "arXiv 2002.11309 (block-trap); FlowKac, arXiv "
        "2503.11427 (unstable, oscillator); KiNet (kinetic); Boffi, Vanden-Eijnden, arXiv 2206.04642 "
        "(interacting-trap, omega = 1); Bruna, Peherstorfer, Vanden-Eijnden, arXiv 2203.01360 (particle-trap); Hu"
        " et al., arXiv 2402.07465 (the last three). Times, A, c and mu are ours."
    ),
    facts=gaussian_facts,
    build="mfbench_fokker_planck.gaussian:build",
    judge="mfbench_fokker_planck.gaussian:judge",
    parameters=GaussianParameters,
    instances={
        "standard": (
            {"case": "relaxation", "dim": 6},
            {"case": "moving-trap", "dim": 2},
            {"case": "unstable", "dim": 1},
            {"case": "interacting-trap", "dim": 100},
            {"case": "invariant", "dim": 100},
        ),
        "full": (
            *({"case": case, "dim": dim} for case, dim in DEFAULT_DIM.items()),
            {"case": "relaxation", "dim": 4},
            {"case": "relaxation", "dim": 6},
            {"case": "moving-trap", "dim": 3},
            *({"case": case, "dim": 100} for case in ("growing-covariance", "turning-covariance")),
        ),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
