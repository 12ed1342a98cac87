"""The known tasks, and what planning and tables need of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Task:
    """Facts of a task that planning and tables need; numpy-free on purpose.

    Args:
        name: as in problem and solver entries.
        question: one sentence.
        headlines: the metrics that may rank, with their units; the first does, unless a problem's judge
            names another.
        columns: metrics that a table shows beside the headline, in this order.
        logarithms: the answer is the logarithm of something that may be 0, so minus infinity is one of its values.
    """

    name: str
    question: str
    headlines: Mapping[str, str]
    columns: tuple[str, ...]
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
            ),
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
