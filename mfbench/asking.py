"""What a module asks other modules for, as far as its text says."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from mfbench.reach import nodes

Request = tuple[str, tuple[str, ...]]
"""A module that is imported, and the attributes that are asked of it one after another: ("a.b", ("c", "d")) for `a.b.c.d`.

A last `ANY` says that whatever is there then is handed on, so that it may be asked for anything.
"""

ANY = "*"

IMPORTERS = frozenset({"__import__", "import_module", "run_module"})
"""Functions that import what a text names."""


def requests(statements: Iterable[ast.stmt], module: str, is_package: bool) -> Iterator[Request]:
    """The requests of statements of a module, relative names resolved.

    Some may ask for what is not there: an import that is tried, a name that another module binds.
    """
    package = module if is_package else module.rpartition(".")[0]
    every = [node for statement in statements for node in nodes(statement)]
    chains = _chains(every)
    for node in every:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
                asked = alias.name if alias.asname else alias.name.partition(".")[0]
                yield from ((asked, chain) for chain in chains.get(alias.asname or asked, ()))
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node.module or "", node.level, package)
            for alias in node.names:
                yield base, (alias.name,)
                known = chains.get(alias.asname or alias.name, ())
                yield from ((base, (alias.name, *chain)) for chain in known)
        elif isinstance(node, ast.Call):
            name = _named(node)
            if name is not None:
                yield _absolute(name.lstrip("."), len(name) - len(name.lstrip(".")), package), (ANY,)


def _absolute(name: str, level: int, package: str) -> str:
    if not level:
        return name
    parents = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*parents, name] if name else parents)


def _named(call: ast.Call) -> str | None:
    """The module that a call such as `import_module("a.b")` imports."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in IMPORTERS and call.args and isinstance(call.args[0], ast.Constant):
        return str(call.args[0].value)
    return None


def _chains(every: Iterable[ast.AST]) -> Mapping[str, set[tuple[str, ...]]]:
    """The attributes that are asked of each name, one after another, with `ANY` at their end."""
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    inner: set[int] = set()
    for node in every:
        if not isinstance(node, ast.Attribute | ast.Name) or id(node) in inner:
            continue
        path: list[str] = []
        part: ast.expr = node
        while isinstance(part, ast.Attribute):
            path.append(part.attr)
            part = part.value
            inner.add(id(part))
        if isinstance(part, ast.Name):
            found[part.id].add((*reversed(path), ANY))
    return found
