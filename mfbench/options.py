"""Options that the commands share which run trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _all_of(*options: Decorator) -> Decorator:
    """One decorator for several options, listed by `--help` in this order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


machine_options = _all_of(
    click.option("--device", metavar="auto|cpu|cuda", help="Device class.  [auto]"),
    click.option("--jobs", type=int, metavar="N", help="Trials at the same time.  [cores / threads]"),
    click.option("--threads", type=int, metavar="N", help="Cores of a trial.  [1]"),
    click.option("--memory", "memory_mb", type=int, metavar="MB", help="Memory limit of a trial.  [8192]"),
)
"""What a trial gets of a machine."""

again_options = _all_of(
    click.option("--retry-failed", is_flag=True, help="Run trials again that failed."),
    click.option("--rerun", is_flag=True, help="Run trials again whatever became of them."),
    click.option("--dry-run", is_flag=True, help="Print the plan and stop."),
)
"""Which trials of a plan are run."""
