"""What a request means to an interpreter, as a document: `python -m mfbench.plan_document REQUEST.json PLAN.json`.

Trials are compared between two installations; each of them says itself which of the wanted cells it has, with its own
defaults, code and versions in the keys, and `python -m mfbench.trial` there runs them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from mfbench.names import NameProblem, Selector
from mfbench.parameters import ParameterError
from mfbench.plan import make_plan
from mfbench.record import Spec
from mfbench.registry import Registry
from mfbench.request import BadRequest, Request
from mfbench.strangers import read_file

MOST_PLAN = 2**26
"""Bytes of a question or its answer; a cell takes five hundred."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: a request, and the plugin files to load."""

    request: Request
    plugins: tuple[str, ...] = ()


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One cell, seeds apart.

    Args:
        typed: the solver's parameters as they were asked for; the specs hold all of them.
        specs: a trial for each seed, in the order of seeds.
        reason: why it cannot be run; "" if it can.
    """

    typed: dict[str, Any]
    specs: tuple[Spec, ...]
    reason: str = ""


class PlanDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Args:
        offers: the cells.
        refused: what nothing here answers to, in sentences.
        broken: plugins that cannot be used.
    """

    offers: tuple[Offer, ...] = ()
    refused: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


def answer(question: Question, registry: Registry) -> PlanDocument:
    """The cells of a request here.

    Raises:
        BadRequest: the request is at fault whatever is installed.
    """
    whole = msgspec.structs.replace(question.request, sources={})
    offers: dict[tuple[str, ...], Offer] = {}
    refused: dict[str, None] = {}
    idle: list[BadRequest] = []
    for problem in whole.problems or (Selector("*", {}),):
        for solver in whole.solvers or (Selector("*", {}),):
            # One by one: a name that this side lacks must not hide the others.
            part = msgspec.structs.replace(whole, problems=(problem,), solvers=(solver,))
            part = part if whole.problems else msgspec.structs.replace(part, problems=())
            part = part if whole.solvers else msgspec.structs.replace(part, solvers=())
            try:
                plan = make_plan(part, registry, len(os.sched_getaffinity(0)), question.plugins)
            except (NameProblem, ParameterError) as error:
                refused[str(error)] = None
                continue
            except BadRequest as error:
                idle.append(error)  # of a pair of different tasks, or of all pairs
                continue
            wanted = [(spec, "") for spec in plan.specs] + plan.unsupported
            for spec, reason in wanted:
                key = (
                    spec.cell.problem,
                    str(spec.cell.problem_parameters),
                    spec.cell.solver,
                    str(solver.parameters),
                )
                known = offers.get(key, Offer(typed=solver.parameters, specs=(), reason=reason))
                if all(spec.cell.seed != other.cell.seed for other in known.specs):
                    offers[key] = msgspec.structs.replace(known, specs=(*known.specs, spec))
    if idle and not offers and not refused:
        raise idle[0]
    broken = tuple(f"{one.origin}: {one.reason}" for one in registry.broken)
    return PlanDocument(offers=tuple(offers.values()), refused=tuple(refused), broken=broken)


def main(arguments: list[str]) -> int:
    """Read a question, write the answer; 2 for bad input, said on stderr."""
    from mfbench.trial import registry_of

    if len(arguments) != 2:
        print("usage: python -m mfbench.plan_document REQUEST.json PLAN.json", file=sys.stderr)
        return 2
    source, target = map(Path, arguments)
    try:
        question = msgspec.json.decode(read_file(source, MOST_PLAN), type=Question)
        document = answer(question, registry_of(question.plugins))
        target.write_bytes(msgspec.json.encode(document))
    except (OSError, ValueError, msgspec.MsgspecError, BadRequest) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
