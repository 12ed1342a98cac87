"""Parameters of problems and solvers: from text or documents to frozen dataclasses and back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec


class ParameterError(ValueError):
    """A parameter that an entry does not have, or a value that it does not take."""


def make_parameters(kind: type, given: Mapping[str, Any], where: str) -> Any:
    """An instance of the parameter dataclass from a mapping of names to values.

    Args:
        kind: a frozen dataclass whose fields are int, float, bool or str, with defaults.
        given: values; texts are converted ("20" to 20) when the field is not a text.
        where: what the parameters belong to, for messages: "problem committor/arc".

    Raises:
        ParameterError: unknown name, wrong type, or a value that the dataclass refuses.
    """
    frozen = isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    if not frozen:
        raise ParameterError(f"{where}: parameters is {kind!r}; expected a frozen dataclass.")
    fields = get_type_hints(kind)
    converted = {name: _value(fields, name, value, where) for name, value in given.items()}
    try:
        return kind(**converted)
    except Exception as error:  # whatever the dataclass checks, it is the value that it refuses
        raise ParameterError(f"{where}: {error}") from error


def parameter_value(kind: type, name: str, value: Any, where: str) -> Any:
    """The value of one parameter alone, converted as `make_parameters` does it; what it means beside others is not asked.

    Raises:
        ParameterError: unknown name, wrong type.
    """
    return _value(get_type_hints(kind), name, value, where)


def _value(fields: Mapping[str, Any], name: str, value: Any, where: str) -> Any:
    if name not in fields:
        known = ", ".join(fields) or "none"
        raise ParameterError(f"{where}: unknown parameter {name!r}; it has: {known}.")
    try:
        return _convert(value, fields[name])
    except ValueError:
        raise ParameterError(
            f"{where}: parameter {name!r} got {value!r}; expected {_type_name(fields[name])}."
        ) from None


def parameter_document(parameters: Any) -> dict[str, Any]:
    """The canonical form of parameters: every field, also those left at their defaults.

    A whole number as the default of a float field becomes a float: what is equal has one form.

    Raises:
        ParameterError: a default that is not of its field's type.
    """
    kinds = get_type_hints(type(parameters))
    document = {}
    for name, value in dataclasses.asdict(parameters).items():
        try:
            document[name] = _convert(value, kinds[name])
        except ValueError:
            raise ParameterError(
                f"{type(parameters).__qualname__}.{name} is {value!r}; expected {_type_name(kinds[name])}."
            ) from None
    return document


def _convert(value: Any, expected: Any) -> Any:
    if expected is float and isinstance(value, str):
        value = float(value)  # ".05" and "5." are numbers to people, not to JSON
    converted = msgspec.convert(value, expected, strict=not isinstance(value, str))
    if isinstance(converted, float) and not math.isfinite(converted):
        raise ValueError("not finite")  # documents cannot hold it
    return converted


def describe(kind: type, values: Mapping[str, Any]) -> str:
    """The parameters that differ from the defaults, as they are typed: "[dim=20,levels=exact]"."""
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    changed = [f"{name}={value}" for name, value in values.items() if defaults.get(name) != value]
    return f"[{','.join(changed)}]" if changed else ""


def _type_name(kind: Any) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(
        kind, str(kind)
    )
