"""The code behind "module:function": what of it can change a result, as one hash.

In the function's own module that is what the function can reach: the definitions and imports whose names it
uses, directly or through others, and every statement that is none of these. So a judge may stand beside its
problem without being part of it. Modules that are imported count whole, with what they import, wherever they
lie outside of the interpreter's own folders: the rest of the package, mfbench, a file on PYTHONPATH; of `mfbench/__init__`,
which only hands names on, those that are asked for. Modules of other installed distributions count by their
versions (`Closure.foreign`), the standard library by Python's.
Comments, docstrings and layout do not count: the syntax tree does. Not seen: modules imported by a name that is
computed, compiled modules, data files.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mfbench.sources import source, top_spec

_parsing = threading.Lock()
"""Held around every call of the parser: before Python 3.13 its count of the depth of a tree is shared by all
threads, and two that parse at once now and then raise SystemError (CPython issue 106905)."""

INSTALLED = tuple({Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
"""Where the interpreter keeps what a version stands for."""

FACE = "mfbench"
"""The package whose `__init__` only hands on names: what of it is used counts, not what else it hands on."""

INSTALLERS = frozenset({"site-packages", "dist-packages"})
"""Names of the folders into which installers write, of this interpreter or of one whose packages it shares: an
environment made with the system's packages, a `.pth` file that names another one."""


@dataclass(frozen=True)
class Closure:
    """What a function's hash covers.

    Args:
        digest: the hash, 64 hexadecimal digits.
        files: module name -> its file.
        foreign: top-level modules of other installed distributions that the code outside mfbench imports.
        stamps: file -> size and time when it was read.
    """

    digest: str
    files: dict[str, Path] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    stamps: dict[Path, tuple[int, int]] = field(default_factory=dict)


@cache
def code_hash(path: str) -> str:
    """Hash of the code behind "module:function", as it was when this process first asked; 64 hexadecimal digits."""
    return closure(path).digest


def has_changed(path: str) -> bool:
    """Whether the code behind "module:function" is no longer what this process first saw; comments do not count."""
    seen = closure(path)
    if all(_stamp(file) == stamp for file, stamp in seen.stamps.items()):
        return False
    return read_closure(path).digest != seen.digest


def forget() -> None:
    """See all code anew. For a process that lives on after its code was edited."""
    code_hash.cache_clear()
    closure.cache_clear()


@cache
def closure(path: str) -> Closure:
    """What the hash of "module:function" covers, as this process first saw it."""
    return read_closure(path)


def read_closure(path: str) -> Closure:
    """What the hash of "module:function" covers now.

    The `__init__` of packages in between counts, that of the top-level package only where something other than
    a module is imported from it: it holds the entries of every other method too.
    """
    start, _, _ = path.partition(":")
    own = start.partition(".")[0]
    seen: dict[str, str] = {}
    files: dict[str, Path] = {}
    stamps: dict[Path, tuple[int, int]] = {}
    foreign: set[str] = set()
    todo = [(path, own)]
    while todo:
        name, importer = todo.pop()
        module, _, wanted = name.partition(":")
        top = module.partition(".")[0]
        if (
            name in seen
            or (seen and name == start)
            or (top not in (own, FACE) and top in sys.stdlib_module_names)
        ):
            continue
        if top not in (own, FACE) and is_installed(top):
            if importer != FACE:
                foreign.add(top)
            continue
        file = source(module)
        if file is None:
            continue
        files[module], stamps[file] = file, _stamp(file)
        if module.count(".") > 1:
            todo.append((module.rpartition(".")[0], top))
        seen[name], imported = _read(module, file, file.read_bytes(), wanted or None)
        todo.extend((found, top) for found in imported)
    digest = hashlib.sha256(repr(sorted(seen.items())).encode()).hexdigest()
    return Closure(digest, dict(sorted(files.items())), frozenset(foreign), stamps)


@cache
def _read(name: str, file: Path, text: bytes, function: str | None) -> tuple[str, tuple[str, ...]]:
    """Hash of a module, or of what `function` can reach in it, and the names of what that imports."""
    try:
        with _parsing:
            tree = without_docstrings(ast.parse(text))
    except (SyntaxError, ValueError):  # its trial will say so; until it is mended, the text counts
        return hashlib.sha256(text).hexdigest(), ()
    if function is not None:
        tree = reachable(tree, function)
    imported = imports(tree, name, is_package=file.name == "__init__.py")
    return hashlib.sha256(written(tree).encode()).hexdigest(), tuple(imported)


def written(part: object) -> str:
    """A syntax tree as text, without the fields that say nothing.

    A later Python adds such fields (3.12: `type_params`) and need not see other code in the same text.
    """
    if isinstance(part, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(part) if value is not None and value != [])
        return f"{type(part).__name__}({', '.join(f'{name}={written(value)}' for name, value in fields)})"
    if isinstance(part, list):
        return f"[{', '.join(map(written, part))}]"
    return repr(part)


@cache
def is_installed(top: str) -> bool:
    """Whether a top-level module lies where the interpreter keeps what is installed, or is built in."""
    spec = top_spec(top)
    if spec is None:
        return False
    places = [*(spec.submodule_search_locations or ()), *([spec.origin] if spec.has_location else [])]
    return not places or any(
        not INSTALLERS.isdisjoint(Path(place).parts)
        or any(Path(place).is_relative_to(folder) for folder in INSTALLED)
        for place in places
    )


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:  # gone
        return 0, 0
    return status.st_size, status.st_mtime_ns


def reachable(tree: ast.Module, function: str) -> ast.Module:
    """What of a module `function` can reach; the whole module if it does not define that name."""
    statements = list(tree.body)
    binders: dict[str, list[int]] = {}
    for number, statement in enumerate(statements):
        for name in _bound(statement):
            binders.setdefault(name, []).append(number)
    if function not in binders:
        return tree
    modules = {
        name for statement in statements if isinstance(statement, ast.Import) for name in _bound(statement)
    }
    for number, statement in enumerate(statements):
        for name in set(_extended(statement)) - modules:
            binders.setdefault(name, []).append(number)
    kept = {number for number, statement in enumerate(statements) if not list(_bound(statement))}
    todo = [function, *(name for number in kept for name in _used(statements[number]))]
    wanted: set[str] = set()
    while todo:
        name = todo.pop()
        if name in wanted:
            continue
        wanted.add(name)
        for number in binders.get(name, ()):
            kept.add(number)
            todo.extend(_used(statements[number]))
    return ast.Module([_only(statements[number], wanted) for number in sorted(kept)], type_ignores=[])


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a top-level definition, assignment or import binds; nothing for other statements."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return  # binds nobody knows what
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        case ast.Assign() | ast.AnnAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _extended(statement: ast.stmt) -> Iterator[str]:
    """Names of what a decorated definition is registered with: f in `@f.defjvp` and `@f.register`.

    Nobody need name such a definition for it to be called.
    """
    for decorator in getattr(statement, "decorator_list", ()):
        attribute = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(attribute, ast.Attribute):
            yield from (node.id for node in ast.walk(attribute) if isinstance(node, ast.Name))


def _used(statement: ast.stmt) -> Iterator[str]:
    return (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))


def _only(statement: ast.stmt, wanted: set[str]) -> ast.stmt:
    """An import without the names that nobody wants; other statements as they are."""
    if isinstance(statement, ast.Import):
        return ast.Import([a for a in statement.names if (a.asname or a.name.partition(".")[0]) in wanted])
    if isinstance(statement, ast.ImportFrom) and statement.names[0].name != "*":
        names = [alias for alias in statement.names if (alias.asname or alias.name) in wanted]
        return ast.ImportFrom(statement.module, names, statement.level)
    return statement


def imports(tree: ast.Module, module: str, is_package: bool) -> Iterable[str]:
    """Modules that a module may import, relative names resolved, and "mfbench:name" for what it takes from there.

    Some may be names of other things than modules.
    """
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _taken(tree, alias.asname or FACE) if alias.name == FACE else (alias.name,)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            names = [alias.name for alias in node.names]
            if base == FACE:
                yield from map(_of_face, names)
                continue
            yield from (f"{base}.{name}" for name in names)
            if not all(source(f"{base}.{name}") for name in names):
                yield base


def _taken(tree: ast.Module, face: str) -> Iterator[str]:
    """What a module takes from mfbench, which it calls `face`: what follows the dot, or all of it."""
    dotted = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == face
    ]
    yield from (_of_face(node.attr) for node in dotted)
    named = sum(isinstance(node, ast.Name) and node.id == face for node in ast.walk(tree))
    if named > len(dotted):  # handed to something that may ask it for anything
        yield FACE


def _of_face(name: str) -> str:
    if name == "*":
        return FACE
    return f"{FACE}.{name}" if source(f"{FACE}.{name}") else f"{FACE}:{name}"


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The tree without what documents it."""
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
