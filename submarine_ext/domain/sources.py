"""What Python code needs, as far as can be read off it: modules, files, names. Nothing runs.

It is for telling people beforehand, so it errs on the side of silence: what is imported
conditionally or within a ``try``, and what a program may have written itself, is left out.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

#: Longer code is made by programs: nobody is told about it, and nobody waits for it.
MOST = 1_000_000
#: Lines with magics that are looked at.
_MOST_MAGICS = 50

#: What every module has, beside the builtins.
_MODULE_NAMES = frozenset({
    "__file__", "__name__", "__doc__", "__package__", "__spec__", "__loader__",
    "__builtins__", "__annotations__", "__path__", "__cached__", "__dict__",
})  # fmt: skip
#: What a kernel adds to them.
KERNEL_NAMES = frozenset({"display", "get_ipython", "In", "Out", "_", "__", "___", "exit", "quit"})

_READERS = frozenset({
    "open", "read_csv", "read_table", "read_parquet", "read_json", "read_excel", "read_pickle",
    "read_feather", "read_hdf", "read_xml", "load", "loadtxt", "genfromtxt", "imread",
    "memmap", "safe_load",
})  # fmt: skip
#: Whose ``open`` takes a path. ``archive.open("member")`` and the like do not.
_OPENERS = frozenset(
    {"Image", "gzip", "bz2", "lzma", "io", "codecs", "tarfile", "h5py", "rasterio"}
)
_READING = frozenset({"read_text", "read_bytes", "open"})
_PATHS = frozenset({"Path", "PurePath", "PosixPath"})
#: Who uses one of these makes names that nobody can see.
_DYNAMIC = frozenset({"exec", "eval", "globals", "locals", "vars", "__import__"})

_MAGIC = re.compile(r"^(\s*)(?:[A-Za-z_][\w, ]*=\s*)?([%!].*)$")
_FILE = re.compile(r"[^\s<>|*?\"]+\.[A-Za-z0-9]{1,8}(\.gz|\.xz|\.bz2|\.zip)?")
_ASSIGNED_MAGIC = re.compile(r"^(\s*)([A-Za-z_][\w, ]*?)\s*=\s*[%!].*$")


class Mention(Struct, frozen=True):
    """Something that code names, and the first line where it does."""

    name: str
    line: int


class Needs(Struct, frozen=True, kw_only=True):
    """What a piece of code needs from elsewhere. ``broken``: it is not Python."""

    modules: list[Mention] = []
    files: list[Mention] = []
    names: list[Mention] = []
    broken: Mention | None = None


def needs(source: str, given: Iterable[str] = ()) -> Needs:
    """Read code; ``given`` are names that it finds there without defining them."""
    if len(source) > MOST:
        return Needs()
    try:
        return _read(source, frozenset(given))
    except SyntaxError as error:
        return Needs(broken=Mention(error.msg, error.lineno or 1))
    except (ValueError, RecursionError, MemoryError):  # NUL, or nested beyond all reason
        return Needs()


def _read(source: str, given: frozenset[str]) -> Needs:
    tree = ast.parse(source)
    return Needs(
        modules=_first(_modules(tree)),
        files=_first(_files(tree)),
        names=_first(_undefined(source, tree, given)),
    )


def magics(source: str) -> list[Mention]:
    """Lines that only a kernel understands (``%time``, ``!ls``), outside of strings."""
    lines = enumerate(source.splitlines(), 1) if len(source) <= MOST else ()
    seen = [(number, match[2]) for number, line in lines if (match := _MAGIC.match(line))]
    return [
        Mention(magic.split()[0], number)
        for number, magic in seen[:_MOST_MAGICS]
        if not _continues(source, number)
    ]


def plain(source: str) -> str:
    """The same code with its magics made harmless; line numbers stay.

    ``x = !ls`` still defines ``x``. A cell of another language (``%%bash``) becomes empty.
    """
    if source.lstrip().startswith("%%") and not _times(source):
        return ""
    lines = source.splitlines()
    for mention in magics(source):
        line = lines[mention.line - 1]
        assigned = _ASSIGNED_MAGIC.match(line)
        indent = line[: len(line) - len(line.lstrip())]
        lines[mention.line - 1] = f"{indent}{assigned[2]} = None" if assigned else f"{indent}pass"
    return "\n".join(lines)


def _times(source: str) -> bool:
    """``%%time`` and its like run the cell as Python."""
    return source.lstrip()[2:].split(None, 1)[0:1] in (["time"], ["timeit"], ["capture"], ["prun"])


def _continues(source: str, number: int) -> bool:
    """Whether this line belongs to a statement that began above: ``%`` is an operator there.

    What stands above is complete by itself where it compiles, less its own magics.
    """
    above = [
        "pass" if _MAGIC.match(line) and line == line.lstrip() else line
        for line in source.splitlines()[: number - 1]
    ]
    try:
        ast.parse("\n".join(above))
    except SyntaxError as error:
        return "was never closed" in error.msg or "unterminated triple" in error.msg
    return False


def _first(mentions: Iterable[Mention]) -> list[Mention]:
    """One for each name, in the order of lines."""
    found: dict[str, Mention] = {}
    for mention in sorted(mentions, key=lambda one: one.line):
        found.setdefault(mention.name, mention)
    return list(found.values())


def _modules(tree: ast.Module) -> Iterator[Mention]:
    for node in _unconditional(tree):
        if isinstance(node, ast.Import):
            yield from (Mention(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield Mention(node.module, node.lineno)


def _unconditional(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those in a ``try`` or an ``if``, which may know what they do."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Try | ast.TryStar) or (
            isinstance(child, ast.If) and not _is_main(child)
        ):
            continue
        if isinstance(child, ast.With) and "suppress" in ast.dump(child.items[0]):
            continue
        yield child
        yield from _unconditional(child)


def _is_main(node: ast.If) -> bool:
    """``if __name__ == "__main__":``"""
    return "'__main__'" in ast.dump(node.test) and "'__name__'" in ast.dump(node.test)


# Files


def _files(tree: ast.Module) -> Iterator[Mention]:
    constants = _constants(tree)
    reads = list(_reads(tree, constants))
    looked_after = _handled(tree, constants, {id(node) for node, _ in reads})
    for node, path in reads:
        if path not in looked_after and "://" not in path and path.strip() and "\n" not in path:
            yield Mention(path, node.lineno)


def _reads(tree: ast.Module, constants: dict[str, str]) -> Iterator[tuple[ast.Call, str]]:
    for node in _unconditional(tree):
        if not isinstance(node, ast.Call):
            continue
        path = _read_by(node, constants)
        if path is not None:
            yield node, path


def _read_by(call: ast.Call, constants: dict[str, str]) -> str | None:
    """The literal path that a call reads."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr in _READING and not _writes(call, at=0):
        path = _path_object(func.value, constants)
        if path is not None:
            return path
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", None)
    if name not in _READERS or not call.args or _writes(call, at=1):
        return None
    if name == "open" and isinstance(func, ast.Attribute) and not _opens(func):
        return None
    path = _text(call.args[0], constants)
    return path if path is not None and (name == "open" or _looks_like_a_file(path)) else None


def _opens(func: ast.Attribute) -> bool:
    return isinstance(func.value, ast.Name) and func.value.id in _OPENERS


def _looks_like_a_file(text: str) -> bool:
    return (
        re.fullmatch(r"[^\s<>|*?\"]+\.[A-Za-z0-9]{1,8}(\.gz|\.xz|\.bz2|\.zip)?", text) is not None
    )


def _writes(call: ast.Call, at: int) -> bool:
    """Whether ``mode`` is one that makes the file, or nobody can tell."""
    given = [k.value for k in call.keywords if k.arg == "mode"] or call.args[at : at + 1]
    if not given:
        return False
    mode = given[0]
    return not isinstance(mode, ast.Constant) or (
        isinstance(mode.value, str) and bool(set("wax+") & set(mode.value)) and len(mode.value) < 5
    )


def _constants(tree: ast.Module) -> dict[str, str]:
    """Names of the module that are one literal path for good."""
    stored = Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, text = node.targets[0].id, _text(node.value, found)
            if text is not None and stored[name] == 1 and len(node.targets) == 1:
                found[name] = text
    return found


def _text(node: ast.expr, constants: dict[str, str]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _path_object(node, constants)


def _path_object(node: ast.expr, constants: dict[str, str]) -> str | None:
    """``Path("a") / "b"`` and names of such."""
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.Call) and node.args and not node.keywords:
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in _PATHS or name == "join":
            return _joined(node.args, constants)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _joined([node.left, node.right], constants)
    return None


def _joined(nodes: list[ast.expr], constants: dict[str, str]) -> str | None:
    parts = [_text(node, constants) for node in nodes]
    return None if None in parts else "/".join(part.rstrip("/") or "/" for part in parts if part)


def _handled(tree: ast.Module, constants: dict[str, str], reads: set[int]) -> set[str]:
    """Paths that the code also gives to something else: it may make them, or look first."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in reads:
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if name in _PATHS or name == "join":
            continue
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            values.append(node.func.value)
        found |= {text for value in values if (text := _text(value, constants)) is not None}
    return found


# Names


def _undefined(source: str, tree: ast.Module, given: frozenset[str]) -> Iterator[Mention]:
    if _is_dynamic(tree):
        return
    missing = (
        _unbound(symtable.symtable(source, "<code>", "exec"))
        - given
        - _MODULE_NAMES
        - set(dir(builtins))
    )
    for node in _own_names(tree):
        if node.id in missing:
            yield Mention(node.id, node.lineno)


def _own_names(tree: ast.Module) -> Iterator[ast.Name]:
    """Names that are read; those that only an annotation mentions may never be looked up."""
    lazy = any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body
    )
    notes = {
        id(inner)
        for node in ast.walk(tree)
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if lazy and isinstance(note, ast.AST)
        for inner in ast.walk(note)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in notes:
            yield node


def _is_dynamic(tree: ast.Module) -> bool:
    """Whether names may come from where nobody can see them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return True
        if isinstance(node, ast.Name) and node.id in _DYNAMIC:
            return True
    return False


def _unbound(top: symtable.SymbolTable) -> set[str]:
    """Names that some scope looks up among the module's, and that the module never binds."""
    used, bound = set(), set()
    for scope in _scopes(top):
        for symbol in scope.get_symbols():
            of_module = scope is top or _is_global(symbol)
            if of_module and symbol.is_referenced():
                used.add(symbol.get_name())
            if of_module and (
                symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
            ):
                bound.add(symbol.get_name())
    return used - bound


def _is_global(symbol: symtable.Symbol) -> bool:
    """In a function called ``top``, ``symtable`` takes what is local for global as well."""
    return symbol.is_declared_global() or (symbol.is_global() and not symbol.is_local())


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)
