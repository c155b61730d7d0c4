"""What a job's code shows beforehand, read together with the folder that travels with it.

``domain.sources`` reads one piece of code; here is known which pieces a job runs, where it
will stand while it runs, and what is there. Findings are sentences with a way out.
"""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.notebooks import code_of, parse
from submarine_ext.domain.sources import KERNEL_NAMES, Mention, Needs, magics, needs, plain
from submarine_ext.engines.base import Finding, Fix
from submarine_ext.errors import Invalid

#: Files of the folder that are followed from what the job runs.
MOST_FILES = 200
#: What is in every job's path.
_OURS = frozenset({"submarine_ext"})
#: Packages that are called otherwise than their modules.
_PACKAGES = {
    "sklearn": "scikit-learn", "cv2": "opencv-python", "PIL": "pillow", "yaml": "pyyaml",
    "bs4": "beautifulsoup4", "skimage": "scikit-image", "dateutil": "python-dateutil",
}  # fmt: skip


class Piece(Struct, frozen=True, kw_only=True):
    """Code that the job runs: ``field`` of the spec, ``name`` for people, its folder."""

    field: str
    name: str
    source: str
    folder: str = ""
    kernel: bool = False


class Seen(Struct, frozen=True):
    """Findings, and the top-level modules that the job's Python must have."""

    findings: list[Finding]
    modules: list[str]


class Reader:
    """``files`` are the names of all that travels, ``texts`` the Python files and notebooks."""

    def __init__(self, spec: JobSpec, files: frozenset[str], texts: Mapping[str, str]) -> None:
        self._spec = spec
        self._files = files
        self._texts = texts
        self._place = posixpath.normpath(spec.workdir or ".")
        self._modules: dict[str, str] = {}

    def look(self) -> Seen:
        """Read what the job runs, and what of its folder that imports."""
        findings: list[Finding] = []
        for piece in self._pieces():
            findings += self._of(piece)
        return Seen(findings, list(self._modules))

    def lacking(self, python: str, names: list[str]) -> Iterator[Finding]:
        """The sentence about modules that the interpreter lacks."""
        if not names:
            return
        packages = " ".join(_PACKAGES.get(name, name) for name in names)
        are, it = ("is", "it") if len(names) == 1 else ("are", "them")
        yield Finding(
            text=f"{_and(names)} {are} not installed for the job's Python "
            f"({self._modules[names[0]]}). Install {it} with {python} -m pip install {packages}, "
            "or choose another environment.",
            field="environment",
            fatal=False,
            names=names,
        )

    # What runs

    def _pieces(self) -> Iterator[Piece]:
        spec = self._spec
        if spec.code is not None:
            yield Piece(field="code", name="The cell", source=spec.code)
        elif spec.notebook is not None:
            yield from self._notebook(posixpath.normpath(spec.notebook))
        elif spec.script is not None:
            yield from self._file(posixpath.normpath(spec.script), "script")
        elif spec.command is not None:
            path = _program(spec.command)
            yield from self._file(self._from_here(path), "command") if path else ()

    def _file(self, path: str, field: str) -> Iterator[Piece]:
        if path.endswith(".py") and path in self._texts:
            folder = posixpath.dirname(path)
            yield Piece(field=field, name=path, source=self._texts[path], folder=folder)

    def _notebook(self, path: str) -> Iterator[Piece]:
        try:
            sources = code_of(parse(self._texts.get(path, "").encode(), path))
        except Invalid:
            return  # the bundle's own check says so
        source = "\n".join(plain(one) for one in sources)
        folder = posixpath.dirname(path)
        yield Piece(field="notebook", name=path, source=source, folder=folder, kernel=True)

    def _from_here(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._place, path))

    # What it needs

    def _of(self, piece: Piece) -> Iterator[Finding]:
        known = magics(piece.source) if piece.field == "code" else []
        if known:
            yield _magics(known, piece.source)
        source = plain(piece.source) if known else piece.source
        found = needs(source, KERNEL_NAMES if piece.kernel else ())
        if found.broken is not None:
            yield _broken(found.broken, piece)
        if found.names:
            yield _undefined(found.names, piece)
        yield from self._missing_files(found, piece)
        yield from self._follow(found, piece)

    def _follow(self, found: Needs, piece: Piece) -> Iterator[Finding]:
        """Note what is imported; go on in what of it travels with the job."""
        todo, done = [(found, piece)], {piece.name}
        while todo:
            read, of = todo.pop()
            for mention in read.modules:
                path = self._module(mention.name, piece.folder)
                top = mention.name.partition(".")[0]
                if path is None and top not in self._tops and top not in _OURS:
                    self._modules.setdefault(top, _where(of, mention))
                elif path is not None and path not in done and len(done) < MOST_FILES:
                    done.add(path)
                    inner = Piece(field=piece.field, name=path, source=self._texts[path])
                    todo.append((needs(inner.source), inner))
                    yield from self._missing_files(todo[-1][0], inner)

    @property
    def _tops(self) -> set[str]:
        """Names by which something of the folder may be imported, wherever it lies."""
        parts = (part for name in self._texts for part in name.split("/"))
        return {part.removesuffix(".py") for part in parts}

    def _module(self, name: str, folder: str) -> str | None:
        """The file of the folder that a module's name means for a program that lies there."""
        path = name.replace(".", "/")
        for base in (folder, self._place):
            for ending in (".py", "/__init__.py"):
                found = posixpath.normpath(posixpath.join(base, path + ending))
                if found in self._texts:
                    return found
        return None

    def _missing_files(self, found: Needs, piece: Piece) -> Iterator[Finding]:
        for mention in found.files:
            if mention.name.startswith(("/", "~")):
                continue  # there on this machine, or in the image: the engine's matter
            path = self._from_here(mention.name)
            if path.startswith("../") or path == "..":
                yield _outside(mention, piece, path.count("../"))
            elif path not in self._files and not self._is_folder(path):
                yield self._absent(mention, piece)

    def _is_folder(self, path: str) -> bool:
        return any(name.startswith(f"{path}/") for name in self._files)

    def _absent(self, mention: Mention, piece: Piece) -> Finding:
        opens = f"{piece.name} opens {mention.name} (line {mention.line})"
        if self._spec.bundle is None:
            text = f"{opens}, and no folder travels with the job. Choose the folder that has it."
        else:
            text = (
                f"{opens}, which is not in the folder that travels. Choose a folder that has it, "
                "or see whether an ignore file leaves it out."
            )
        return Finding(text=text, field="bundle", fatal=False, names=[mention.name])


def _program(command: list[str]) -> str | None:
    """The Python file that a command runs: the first one that it names."""
    first = PurePosixPath(command[0]).name
    if not first.startswith(("python", "torchrun", "accelerate", "mpirun", "deepspeed")):
        return None
    for before, word in itertools.pairwise(command):
        if before == "-m" and not word.startswith("torch."):
            return word.replace(".", "/") + ".py"
        if word.endswith(".py") and not word.startswith(("-", "/")):
            return word
    return None


def _magics(known: list[Mention], source: str) -> Finding:
    first, rest = known[0], len(known) - 1
    more = f" and {rest} more" if rest else ""
    return Finding(
        text=f"Line {first.line} of the cell is {first.name}{more}, which only a notebook's kernel "
        "understands; a cell runs as plain Python. Take it out.",
        field="code",
        fatal=False,
        names=[mention.name for mention in known],
        fixes=[Fix(label="Take it out" if not rest else "Take them out",
                   spec={"code": _without(source, {mention.line for mention in known})})],
    )  # fmt: skip


def _without(source: str, lines: set[int]) -> str:
    made = plain(source).splitlines()
    return "\n".join(
        line for number, line in enumerate(made, 1) if number not in lines or line != "pass"
    )


def _broken(mention: Mention, piece: Piece) -> Finding:
    return Finding(
        text=f"{piece.name} cannot be read as Python: {mention.name} (line {mention.line}).",
        field=piece.field,
        fatal=False,
    )


def _undefined(mentions: list[Mention], piece: Piece) -> Finding:
    names = [mention.name for mention in mentions]
    shown = [f"{mention.name} (line {mention.line})" for mention in mentions[:4]]
    more = [f"{len(mentions) - 4} more"] if len(mentions) > 4 else []
    them = "it" if len(names) == 1 else "them"
    why = " A job starts with nothing of the kernel's." if piece.field == "code" else ""
    return Finding(
        text=f"{piece.name} uses {_and([*shown, *more])} and nothing in it defines {them}.{why}",
        field=piece.field,
        fatal=False,
        names=names,
    )


def _outside(mention: Mention, piece: Piece, levels: int) -> Finding:
    above = "the folder above" if levels == 1 else f"the folder {levels} above"
    return Finding(
        text=f"{piece.name} opens {mention.name} (line {mention.line}), which is outside the "
        f"folder that travels. Choose {above}.",
        field="bundle",
        fatal=False,
        names=[mention.name],
        fixes=[Fix(label=f"Choose {above}", folder="/".join([".."] * levels))],
    )


def _where(piece: Piece, mention: Mention) -> str:
    name = "the cell" if piece.field == "code" and piece.name == "The cell" else piece.name
    return f"{name}, line {mention.line}"


def _and(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
