"""What of one module a name can reach.

That are the definitions and imports whose names it uses, directly or through others, and whatever acts on its own when
the module is imported, because nobody needs to name that for it to have changed a result:

- statements that bind no name, assignments into an object, imports and calls of own code whose names nobody uses;
- definitions handed to other code: by a decorator, by a base class that hears of its subclasses, in a call;
- subclasses of a class that is reached, since that class can list them.

Own code is what no version stands for: decorators, bases and functions of installed packages keep no
register here, with the exception of third-party decorators that are not known as `TRANSFORMS`.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain

FACE = "mfbench"
"""Its decorators only mark, its classes list no subclasses."""

TRANSFORMS = frozenset({"custom_jvp", "custom_vjp", "errstate", "hookimpl", "jit", "njit", "no_grad", "vmap"})
"""Decorators that give another function and put it nowhere."""

BY_TEXT = frozenset({"eval", "exec", "globals", "vars"})
"""Functions by which a module may ask itself for any name."""

OF_MODULES = frozenset({"__globals__", "f_globals", "modules"})
"""Attributes by which it may do the same; `modules` is that of `sys`, or of anything, since such a name can be handed on."""

BUILTINS = frozenset(dir(builtins))

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef


def nodes(tree: ast.AST) -> list[ast.AST]:
    """A tree's nodes, each before what is in it; without those that are empty (`Load`, `Add`)."""
    found = [tree]
    for node in found:
        for value in vars(node).values():
            if isinstance(value, list):
                found += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST) and value._fields:
                found.append(value)
    return found


class Parts:
    """The top-level statements of a module: what they bind, and what they do.

    Args:
        tree: the module.
        installed: whether a version stands for a top-level module.
    """

    def __init__(self, tree: ast.Module, installed: Callable[[str], bool]) -> None:
        self.tree = tree
        self.installed = installed

    def reached(self, name: str) -> list[ast.stmt] | None:
        """The part that a name reaches, with what acts on its own.

        Args:
            name: of a definition; "" for what acts on its own.

        Returns:
            None where that cannot be told: the module does not define the name, or asks itself for names by text.
        """
        if name and (name not in self.binders or self.asks_by_text):
            return None
        kept: set[int] = set()
        wanted: set[str] = set()
        todo = [name]
        new = sorted(self.acting)
        while todo or new:
            for number in new:
                kept.add(number)
                todo.extend(self.used[number])
                if not isinstance(self.tree.body[number], ast.Import | ast.ImportFrom):
                    todo.extend(self.bound[number])
                elif number in self.acting:
                    todo.extend(self.bound[number] - self.all_used)
            new = []
            while todo and not new:
                found = todo.pop()
                if found not in wanted:
                    wanted.add(found)
                    new = [number for number in self.binders.get(found, ()) if number not in kept]
        return [_only(self.tree.body[number], wanted) for number in sorted(kept)]

    @cached_property
    def asks_by_text(self) -> bool:
        """Whether the module may use what it does not name."""
        if any(isinstance(one, DEFINITIONS) and one.name == "__getattr__" for one in self.tree.body):
            return True
        if not BY_TEXT.isdisjoint(chain.from_iterable(self.used)):
            return True
        return any(
            (isinstance(node, ast.Attribute) and node.attr in OF_MODULES)
            or (isinstance(node, ast.alias) and node.name == "modules")
            for node in chain.from_iterable(self.nodes)
        )

    @cached_property
    def nodes(self) -> list[list[ast.AST]]:
        """Of each statement."""
        return [nodes(statement) for statement in self.tree.body]

    @cached_property
    def bound(self) -> list[frozenset[str]]:
        """Names that each statement binds."""
        return [frozenset(_bound(one, inner)) for one, inner in zip(self.tree.body, self.nodes, strict=True)]

    @cached_property
    def used(self) -> list[frozenset[str]]:
        """Names that stand in each statement."""
        return [frozenset(node.id for node in inner if isinstance(node, ast.Name)) for inner in self.nodes]

    @cached_property
    def all_used(self) -> frozenset[str]:
        """Names that a statement uses which does not bind them, or that the module hands on."""
        names = {name for used, bound in zip(self.used, self.bound, strict=True) for name in used - bound}
        for inner, bound in zip(self.nodes, self.bound, strict=True):
            if "__all__" in bound:
                names |= {str(one.value) for one in inner if isinstance(one, ast.Constant)}
        return frozenset(names)

    @cached_property
    def origins(self) -> dict[str, str]:
        """Names that are imported anywhere in the module, and from where; "" of a relative import."""
        found: dict[str, str] = {}
        for node in chain.from_iterable(self.nodes):
            if isinstance(node, ast.Import):
                found |= {one.asname or one.name.partition(".")[0]: one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = "" if node.level else node.module or ""
                found |= {one.asname or one.name: base for one in node.names}
        return found

    @cached_property
    def local(self) -> dict[str, Definition]:
        """The module's functions and classes."""
        return {one.name: one for one in self.tree.body if isinstance(one, DEFINITIONS)}

    @cached_property
    def acting(self) -> frozenset[int]:
        """Numbers of the statements that act on their own."""
        return frozenset(
            number
            for number, statement in enumerate(self.tree.body)
            if not self.bound[number] or self._acts(statement, self.bound[number])
        )

    @cached_property
    def binders(self) -> dict[str, list[int]]:
        """By name, numbers of the statements that bind it or belong to what it means."""
        found: dict[str, list[int]] = {}
        for number, statement in enumerate(self.tree.body):
            extended = self._extended(statement) if isinstance(statement, DEFINITIONS) else set()
            for name in self.bound[number] | extended:
                found.setdefault(name, []).append(number)
        return found

    def _acts(self, statement: ast.stmt, bound: frozenset[str]) -> bool:
        """Whether it may change what others find, beside binding its names."""
        match statement:
            case ast.ImportFrom(module="__future__"):
                return False
            case ast.Import() | ast.ImportFrom():
                return not self.all_used.issuperset(bound)
            case ast.Assign() | ast.AnnAssign():
                into = any(isinstance(one, ast.Attribute | ast.Subscript) for one in _targets(statement))
                return into or (statement.value is not None and self._registers(statement.value, bound))
            case ast.ClassDef():
                return any(self._is_told(one) for one in statement.decorator_list) or self._is_listed(
                    statement
                )
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return any(self._is_told(one) for one in statement.decorator_list)
        return False

    def _registers(self, value: ast.expr, bound: frozenset[str]) -> bool:
        """Whether an assigned value comes from own code that was given a definition, or that was called for its effect."""
        calls = [node for node in nodes(value) if isinstance(node, ast.Call) and self._is_own(node)]
        if not calls:
            return False
        if self.all_used.isdisjoint(bound):
            return True
        given = [one for call in calls for one in (*call.args, *(word.value for word in call.keywords))]
        return any(
            isinstance(node, ast.Lambda) or (isinstance(node, ast.Name) and node.id in self.local)
            for one in given
            for node in nodes(one)
        )

    def _is_told(self, decorator: ast.expr) -> bool:
        """Whether a decorator may keep what it decorates where others find it."""
        if isinstance(decorator, ast.Call) and _last(decorator) == "partial" and decorator.args:
            return self._is_told(decorator.args[0])
        root = _root(decorator)
        if _last(decorator) in TRANSFORMS or root in BUILTINS:
            return False
        if root in self.origins:
            return self._is_own(decorator) or self._top(root) not in {FACE, *sys.stdlib_module_names}
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return not isinstance(called, ast.Attribute)  # `@f.register` belongs to f: see `_extended`

    def _is_listed(self, statement: ast.ClassDef) -> bool:
        """Whether a class is known to its base or metaclass where nobody names that."""
        if any(self._is_own(word.value) for word in statement.keywords):
            return True
        for base in statement.bases:
            known = self.local.get(_root(base))
            hears = known is not None and any(
                isinstance(one, DEFINITIONS) and one.name == "__init_subclass__" for one in known.body
            )
            if hears or (_root(base) in self.origins and self._is_own(base)):
                return True
        return False

    def _extended(self, statement: ast.stmt) -> set[str]:
        """Names of what a definition belongs to, which do not name it: its bases, f in `@f.defjvp` and `@f.register`."""
        given = [*getattr(statement, "bases", ()), *getattr(statement, "decorator_list", ())]
        names = {node.id for one in given for node in nodes(one) if isinstance(node, ast.Name)}
        return names - self.origins.keys() - BUILTINS

    def _is_own(self, expression: ast.expr) -> bool:
        """Whether no version stands for what an expression calls or names."""
        root = _root(expression)
        if root in self.origins:
            return self._top(root) != FACE and not self.installed(self._top(root))
        return root in self.local or root not in BUILTINS

    def _top(self, root: str) -> str:
        return self.origins[root].partition(".")[0]


def _root(expression: ast.expr) -> str:
    """The name that an expression starts with: f of `f.g(x)[1]`; "" if with none."""
    while True:
        match expression:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                expression = inner
            case ast.Name(id=name):
                return name
            case _:
                return ""


def _last(expression: ast.expr) -> str:
    """The last name of what is called: g of `f.g(x)`."""
    called = expression.func if isinstance(expression, ast.Call) else expression
    return called.attr if isinstance(called, ast.Attribute) else _root(called)


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return [
        part for one in targets for part in (one.elts if isinstance(one, ast.Tuple | ast.List) else [one])
    ]


def _bound(statement: ast.stmt, inner: Iterable[ast.AST]) -> Iterator[str]:
    """Names that a top-level definition, assignment or import binds; nothing for other statements."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name
            for node in inner:
                if isinstance(node, ast.Global):
                    yield from node.names
        case ast.ImportFrom(names=[ast.alias(name="*")]):
            return  # binds nobody knows what
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        case ast.Assign() | ast.AnnAssign():
            within = [node.target for node in inner if isinstance(node, ast.NamedExpr)]
            for target in (*_targets(statement), *within):
                yield from (node.id for node in nodes(target) if isinstance(node, ast.Name))


def _only(statement: ast.stmt, wanted: Iterable[str]) -> ast.stmt:
    """An import without the names that nobody wants; other statements as they are."""
    if isinstance(statement, ast.Import):
        return ast.Import([a for a in statement.names if (a.asname or a.name.partition(".")[0]) in wanted])
    if isinstance(statement, ast.ImportFrom) and statement.names[0].name != "*":
        names = [alias for alias in statement.names if (alias.asname or alias.name) in wanted]
        return ast.ImportFrom(statement.module, names, statement.level)
    return statement
