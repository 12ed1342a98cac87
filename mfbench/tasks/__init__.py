"""The tasks: families of problems with one question and one kind of answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Task:
    """Facts of a task that planning and tables need; numpy-free on purpose.

    Args:
        name: as in problem and solver entries.
        question: one sentence.
        headline: the metric that ranks.
        unit: of the headline metric.
        columns: further metrics that a table shows, in this order.
    """

    name: str
    question: str
    headline: str
    unit: str
    columns: tuple[str, ...]


TASKS = {
    task.name: task
    for task in (
        Task(
            name="committor",
            question="What is the probability q(x) to reach B before A?",
            headline="wrmse",
            unit="probability, root mean square under mu q (1 - q)",
            columns=("skill", "logit_rmse", "relative_l2", "rate_dirichlet", "rate_slab", "rate_reported"),
        ),
        Task(
            name="fokker-planck",
            question="What is the density p(x) of the law?",
            headline="log_density_rms",
            unit="nats, root mean square under p",
            columns=("shape_rms", "kl", "mape", "relative_l1", "mass"),
        ),
    )
}
