"""The known tasks, and what planning and tables need of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
            ),
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
