"""The code behind "module:function": what of it can change a result, as one hash.

Of the function's own module that is what the function and the class of its parameters can reach (`reach`), so a judge may
stand beside its problem without being part of it. Modules that are imported count whole, with what they import and the
`__init__` of the packages that they lie in, wherever they lie outside of the interpreter's own folders: the rest
of the package, a file on PYTHONPATH. Of some modules only those names count that the code asks for, with what acts on
its own: of the function's own module where others import it, and of what holds the entries of every method, the
`__init__` of its top-level package and of mfbench. Modules of other installed distributions count by their versions
(`Closure.foreign`), the standard library by Python's.
Comments, docstrings and layout do not count: the syntax tree does. Not seen: modules imported by a name that is
computed, compiled modules, data files.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
import threading
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from mfbench.asking import ANY, Request, requests
from mfbench.garbage import uncollected
from mfbench.reach import FACE, Parts
from mfbench.solver import NoParameters
from mfbench.sources import source, top_spec

_parsing = threading.Lock()
"""Held around every call of the parser: before Python 3.13 its count of the depth of a tree is shared by all
threads, and two that parse at once now and then raise SystemError (CPython issue 106905)."""

INSTALLED = tuple({Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
"""Where the interpreter keeps what a version stands for."""

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
def code_hash(path: str, parameters: type = NoParameters) -> str:
    """Hash of the code behind "module:function", as it was when this process first asked; 64 hexadecimal digits.

    Args:
        path: of the function.
        parameters: the class of what it is given: its methods and its checks are part of the code.
    """
    return closure(path, parameters).digest


def has_changed(path: str, parameters: type = NoParameters) -> bool:
    """Whether the code behind "module:function" is no longer what this process first saw; comments do not count."""
    seen = closure(path, parameters)
    if all(_stamp(file) == stamp for file, stamp in seen.stamps.items()):
        return False
    return read_closure(path, parameters).digest != seen.digest


def forget() -> None:
    """See all code anew. For a process that lives on after its code was edited."""
    for known in (code_hash, closure, _read, _parts, is_installed):
        known.cache_clear()


@cache
def closure(path: str, parameters: type = NoParameters) -> Closure:
    """What the hash of "module:function" covers, as this process first saw it."""
    return read_closure(path, parameters)


def read_closure(path: str, parameters: type = NoParameters) -> Closure:
    """What the hash of "module:function" covers now."""
    roots = [_named(path)]
    if parameters is not NoParameters:
        roots.append(_named(f"{parameters.__module__}:{parameters.__qualname__}"))
    top = roots[0][0].partition(".")[0]
    walk = Walk(frozenset({top, FACE}), frozenset(module for module, _ in roots))
    with uncollected():  # syntax trees are many objects and hold no cycles
        walk.follow(roots)
    digest = hashlib.sha256(repr(sorted(walk.seen.items())).encode()).hexdigest()
    return Closure(digest, dict(sorted(walk.files.items())), frozenset(walk.foreign), walk.stamps)


Part = tuple[str, str | None]
"""A module, and the name that is asked of it: "" for what acts on its own, None for the whole module."""


class Walk:
    """From module to module, along what each imports.

    Args:
        own: top-level packages that count as code wherever they lie, and of whose `__init__` the names that are asked for
            count.
        starts: modules of which no more counts, either.
    """

    def __init__(self, own: frozenset[str], starts: frozenset[str]) -> None:
        self.own = own
        self.faces = own | starts
        self.seen: dict[str, str] = {}
        self.files: dict[str, Path] = {}
        self.stamps: dict[Path, tuple[int, int]] = {}
        self.foreign: set[str] = set()
        self.asked: set[tuple[Request, str]] = set()

    def follow(self, todo: list[Part]) -> None:
        """See these and whatever they import."""
        waiting = [(part, "") for part in todo]
        while waiting:
            (module, name), importer = waiting.pop()
            label = module if name is None else f"{module}:{name}"
            top = module.partition(".")[0]
            if label in self.seen:
                continue
            if self._is_foreign(module):
                if importer != FACE and top not in sys.stdlib_module_names:
                    self.foreign.add(top)
                continue
            file = source(module)
            if file is None:
                continue
            self.files[module], self.stamps[file] = file, _stamp(file)
            found = _read(module, file, file.read_bytes(), name)
            if found is None:  # such a name is not bound there: a module beside it, or anything
                found = _read(module, file, file.read_bytes(), "" if source(f"{module}.{name}") else None)
            assert found is not None
            self.seen[label], asked = found
            for request in asked:
                if (request, top) not in self.asked:
                    self.asked.add((request, top))
                    waiting += [(part, top) for part in self._resolved(request)]
            if "." in module:
                waiting.append((self._part(module.rpartition(".")[0], ""), top))

    def _resolved(self, request: Request) -> list[Part]:
        """The modules that a request asks for, whole or names of them."""
        module, names = request
        name = names[0] if names else ""
        if name == ANY or self._is_foreign(module):
            return [(module, None)]
        found = [self._part(module, name)]
        if name and source(f"{module}.{name}"):
            found += self._resolved((f"{module}.{name}", names[1:]))
        return found

    def _part(self, module: str, name: str) -> Part:
        return module, name if module in self.faces else None

    def _is_foreign(self, module: str) -> bool:
        top = module.partition(".")[0]
        return top not in self.own and is_installed(top)


def _named(path: str) -> Part:
    """The top-level definition behind "module:name" or "module:Outer.Inner"."""
    module, _, name = path.partition(":")
    return module, name.partition(".")[0] or None


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:  # gone
        return 0, 0
    return status.st_size, status.st_mtime_ns


@cache
def _read(module: str, file: Path, text: bytes, name: str | None) -> tuple[str, tuple[Request, ...]] | None:
    """Hash of a module, or of what `name` can reach in it, and what that asks for; None if only all of it will do."""
    try:
        parts = _parts(text)
    except (SyntaxError, ValueError):  # its trial will say so; until it is mended, the text counts
        return hashlib.sha256(text).hexdigest(), ()
    part = parts.tree.body if name is None else parts.reached(name)
    if part is None:
        return None
    asked = dict.fromkeys(requests(part, module, is_package=file.name == "__init__.py"))
    return hashlib.sha256(written(part).encode()).hexdigest(), tuple(asked)


@lru_cache(maxsize=4)
def _parts(text: bytes) -> Parts:
    """A module without what documents it; a few are kept, of which one name after another is asked for."""
    with _parsing:
        return Parts(without_docstrings(ast.parse(text)), is_installed)


def written(part: object) -> str:
    """A syntax tree as text, without the fields that say nothing.

    A later Python adds such fields (3.12: `type_params`) and need not see other code in the same text.
    """
    if isinstance(part, ast.AST):
        fields = [(name, getattr(part, name, None)) for name in part._fields]
        said = [f"{name}={written(value)}" for name, value in fields if value is not None and value != []]
        return f"{type(part).__name__}({', '.join(said)})"
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


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The tree without what documents it: texts that stand alone, also those after an assignment."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            statements = getattr(node, block, None)
            if isinstance(statements, list):
                statements[:] = [one for one in statements if not _is_text(one)]
                todo.extend(statements)
    return tree


def _is_text(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
