"""The known tasks, and what planning and tables need of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Remark:
    """What the sentence of a scored trial says of an answer that is not what it must be.

    Args:
        above: how large the metric may be before anything is said.
        text: with {found} for the metric, signed where it has a sign.
        expected: what is added to the metric to give {found}.
    """

    above: float
    text: str
    expected: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Task:
    """Facts of a task that planning and tables need; numpy-free on purpose.

    Args:
        name: as in problem and solver entries.
        question: one sentence.
        headlines: the metrics that may rank, with their units; the first does, unless a problem's judge
            names another.
        columns: metrics that a table shows beside the headline, in this order.
        quiet: those of them that it shows only where one is not 0.
        shares: metrics that are 0 or 1 in a trial: of several trials the mean counts, which is a share of them.
        slopes: metrics made from the gradient of the solution.
        meanings: what a column says, where its name does not; for the notes under a table.
        remarks: metric -> what a trial's sentence says where it is too large, or no finite number.
        logarithms: the answer is the logarithm of something that may be 0, so minus infinity is one of its values.
    """

    name: str
    question: str
    headlines: Mapping[str, str]
    columns: tuple[str, ...]
    quiet: frozenset[str] = frozenset()
    shares: frozenset[str] = frozenset()
    slopes: frozenset[str] = frozenset()
    meanings: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, Remark] = field(default_factory=dict)
    logarithms: bool = False

    @property
    def headline(self) -> str:
        """The metric that ranks where no judge says otherwise."""
        return next(iter(self.headlines))


TASKS = {
    task.name: task
    for task in (
        Task(
            name="committor",
            question="What is the probability q(x) to reach B before A?",
            headlines={
                "wrmse": "probability, root mean square under mu q (1 - q)",
                "logit_rmse": "logit q, root mean square uniform over its range; ranks where q is tiny",
            },
            columns=(
                "wrmse",
                "skill",
                "logit_rmse",
                "relative_l2",
                "rate_dirichlet",
                "rate_slab",
                "rate_reported",
                "rate_uncovered",
                "k_ab",
                "k_ba",
                "excursion",
                "logit_clipped",
            ),
            quiet=frozenset({"excursion", "logit_clipped"}),
            shares=frozenset({"rate_uncovered"}),
            slopes=frozenset({"rate_dirichlet", "rate_slab"}),
            meanings={
                "rate_uncovered": "share of the trials whose own error bar, taken twice, leaves the reference out of the "
                "rate that they report; empty where none is reported",
                "k_ab": "|log ratio| of the transitions per unit time spent with A hit last to nu / rhoA",
                "k_ba": "the same of B and nu / (1 - rhoA)",
                "excursion": "how far the answer leaves [0, 1] at most, before it is clipped for all else",
                "logit_clipped": "share of the points of logit_rmse at which the answer is clipped, being a tenth of the "
                "range's end away from 0 or 1",
            },
        ),
        Task(
            name="fokker-planck",
            question="What is the density p(x) of the law?",
            headlines={"log_density_rms": "nats, root mean square under p"},
            columns=(
                "shape_rms",
                "kl",
                "mape",
                "relative_l1",
                "mode_weights",
                "order_parameter",
                "landmarks",
                "mass",
                "total_mass",
                "outside_mass",
                "zero_share",
                "exchange_rms",
            ),
            quiet=frozenset({"outside_mass", "zero_share", "exchange_rms"}),
            meanings={
                "mass": "|int p - 1| of the answer where the law lies, by its own points",
                "total_mass": "the same over the whole space, by points that reach eight times as far as the law",
                "outside_mass": "the answer's mass outside the problem's box, by the same points; 1e-6 counts as none",
                "zero_share": "share of the law's points at which the answer is 0",
                "exchange_rms": "nats, root mean square change of log p where exchangeable particles change places",
            },
            remarks={
                "zero_share": Remark(0.0, "its density is 0 at a share {found:.2g} of the law's points"),
                "mass": Remark(0.1, "its mass where the law lies is {found:.3g}, not 1", expected=1.0),
                "total_mass": Remark(
                    0.1, "its mass over the whole space is {found:.3g}, not 1", expected=1.0
                ),
                "outside_mass": Remark(1e-3, "outside the problem's box it has a mass of {found:.2g}"),
                "exchange_rms": Remark(
                    1e-3, "log p changes by {found:.2g} nats where exchangeable particles change places"
                ),
            },
            logarithms=True,
        ),
        Task(
            name="regression",
            question="What is the function f(x) of which labelled samples are given?",
            headlines={"error_l2": "L2 norm of f_hat - f under the measure of x"},
            columns=("skill", "excess_loss", "risk_gap", "objective_reported"),
        ),
    )
}
