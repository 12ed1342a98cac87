"""Which cells two installations both have, as each of them says itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mfbench.labels import label
from mfbench.plan_document import MOST_PLAN, Offer, PlanDocument, Question
from mfbench.record import Spec
from mfbench.request import BadRequest
from mfbench.sides import Side, called
from mfbench.strangers import read_file


@dataclass(frozen=True)
class Pairing:
    """A cell that both sides have.

    Args:
        base, head: its specs on both sides, one for each seed of both looks.
        typed: the solver's parameters as asked for.
    """

    base: Sequence[Spec]
    head: Sequence[Spec]
    typed: dict[str, Any]

    @property
    def name(self) -> str:
        """For tables and lines."""
        cell = self.head[0].cell
        return f"{label(cell.problem, cell.problem_parameters)} {label(cell.solver, self.typed)}"


def ask_both(
    base: Side, head: Side, question: Question, folder: Path
) -> tuple[PlanDocument, PlanDocument, list[str]]:
    """What both sides say of a request, and a note where the one's word stands for the other's.

    Raises:
        BadRequest: a side refuses the request, or neither can say.
    """
    of_base, of_head = (ask(side, question, folder) for side in (base, head))
    known = of_head or of_base
    if known is None:
        raise BadRequest("neither side has mfbench.plan_document; one of them must be a newer mfbench.")
    older = "base" if of_base is None else "head" if of_head is None else ""
    notes = (
        [f"{older} cannot say which cells it has (an older mfbench); those of the other are used."]
        if older
        else []
    )
    return of_base or known, of_head or known, notes


def ask(side: Side, question: Question, folder: Path) -> PlanDocument | None:
    """Which cells of a request a side has; None if it is too old to say.

    Raises:
        BadRequest: it refuses the request, or its answer is none.
    """
    if not side.plans:
        return None
    source, target = folder / f"{side.name}-question.json", folder / f"{side.name}-plan.json"
    source.write_bytes(msgspec.json.encode(question))
    called([side.python, "-m", "mfbench.plan_document", str(source), str(target)], side.name, folder)
    try:
        return msgspec.json.decode(read_file(target, MOST_PLAN), type=PlanDocument)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"{side.name}: {side.given} does not say which cells it has: {error}.") from error


def pair_up(base: PlanDocument, head: PlanDocument) -> tuple[list[Pairing], list[str]]:
    """The cells that both sides can run, and sentences on those that one lacks.

    Problems must agree in the parameters that both know. Of a solver what was asked for counts: a changed default
    is a change like any other.
    """
    paired, absent, left = [], [], list(base.offers)
    for offer in head.offers:
        other = next((one for one in left if _same_cell(one, offer)), None)
        if other is None:
            absent.append(f"only in head: {_name(offer)}")
            continue
        left.remove(other)
        for side, one in (("base", other), ("head", offer)):
            if one.reason:
                absent.append(f"not run on {side}: {_name(one)}: {one.reason}")
                break
        else:
            paired.append(Pairing(other.specs, offer.specs, offer.typed))
    absent += [f"only in base: {_name(offer)}" for offer in left]
    for side, document in (("base", base), ("head", head)):
        absent += [f"{side}: {sentence}" for sentence in document.refused]
        absent += [f"{side}: broken plugin {sentence}" for sentence in document.broken]
    return paired, list(dict.fromkeys(absent))


def _same_cell(base: Offer, head: Offer) -> bool:
    one, other = base.specs[0].cell, head.specs[0].cell
    shared = one.problem_parameters.keys() & other.problem_parameters.keys()
    return (
        (one.problem, one.solver, one.device, base.typed) == (other.problem, other.solver, other.device, head.typed)
        and all(one.problem_parameters[name] == other.problem_parameters[name] for name in shared)
    )  # fmt: skip


def _name(offer: Offer) -> str:
    return Pairing(offer.specs, offer.specs, offer.typed).name
