"""What was run: code, versions and machine, and the key that stands for them.

The key covers the cell, the parsed code of the solver's and the problem's module and of what
they import within their own package and mfbench, declared versions, threads, dtype and the protocol
number. It does not cover jobs, folders, presets, or the judge.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from mfbench.availability import installed_version
from mfbench.record import PROTOCOL, Cell
from mfbench.sources import source

DTYPE = "float64"
"""Values are judged in double precision whatever a solver computes in."""

CORE = ("numpy", "scipy")


@cache
def code_hash(path: str) -> str:
    """Hash of the code behind "module:function": its module and what that imports, transitively.

    Comments, docstrings and layout do not count: the syntax tree does. Only modules of the same
    top-level package, and of mfbench itself, are followed; what else is imported is covered by versions.
    The `__init__` of packages in between counts, that of the top-level package only where it is imported
    from: it holds the entries of every other method too.
    """
    module = path.partition(":")[0]
    roots = {module.partition(".")[0], "mfbench"}
    seen: dict[str, str] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        if name in seen or name.partition(".")[0] not in roots:
            continue
        file = source(name)
        if file is None:
            continue
        if name.count(".") > 1:
            todo.append(name.rpartition(".")[0])
        text = file.read_bytes()
        try:
            tree = _without_docstrings(ast.parse(text))
        except (SyntaxError, ValueError):  # its trial will say so; until it is mended, the text counts
            seen[name] = hashlib.sha256(text).hexdigest()
            continue
        seen[name] = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
        todo.extend(_imports(tree, name, is_package=file.name == "__init__.py"))
    return _digest(sorted(seen.items()))


def _imports(tree: ast.Module, module: str, is_package: bool) -> Iterable[str]:
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body:
            continue
        first = body[0]
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            del body[0]
    return tree


@cache
def versions(distributions: tuple[str, ...]) -> dict[str, str]:
    """Installed versions of Python, the numeric core and the given distributions."""
    found = {name: installed_version(name) for name in (*CORE, *distributions)}
    return {"python": platform.python_version()} | {
        name: version for name, version in sorted(found.items()) if version is not None
    }


def key(cell: Cell, code: Iterable[str], version: dict[str, str], threads: int) -> str:
    """The identity of what is run, as 64 hexadecimal digits."""
    return _digest(
        {
            "cell": msgspec.to_builtins(cell),
            "code": list(code),
            "versions": version,
            "threads": threads,
            "dtype": DTYPE,
            "protocol": PROTOCOL,
        }
    )


def _digest(document: object) -> str:
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


@cache
def machine() -> dict[str, str]:
    """What seconds depend on: processor, cores, memory, system; and a fingerprint of them."""
    facts = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory_gb": str(round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)),
        "system": f"{platform.system()} {platform.release()}",
        "node": hashlib.sha256(platform.node().encode()).hexdigest()[:8],
    }
    return facts | {"fingerprint": _digest(facts)[:12]}


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
