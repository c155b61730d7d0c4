"""What a Zeppelin paragraph is written in, and how a notebook's cell says the same.

A paragraph's text begins with its interpreter, ``%spark.pyspark(pool=a)``, or with none: then
it is in the note's own language. The rules are those of Zeppelin's ParagraphTextParser, except
that spaces before the code's first line stay with the code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

_PREFIX = re.compile(
    r"""\s*%(?P<name>\w+(?:\.\w+)*)
        (?:\((?:[^()"\\]|\\.|"(?:[^"\\]|\\.)*")*\))?
        [ \t]*(?:\r?\n)*""",
    re.VERBOSE | re.ASCII,
)

MARKDOWN = frozenset({"md", "md.md", "md.markdown", "markdown"})
#: Shown by Zeppelin itself, or by nobody.
RAW = frozenset({"angular", "angular.ng", "ng", "raw"})

_PYTHON = """python python.python python.ipython ipython pyspark spark.pyspark spark.ipyspark
    ipyspark livy.pyspark livy.pyspark3 flink.pyflink flink.ipyflink"""
_SCALA = "spark spark.spark scala spark.scala livy.spark livy flink flink.flink"
_R = "r r.r r.ir ir spark.r spark.ir spark.sparkr sparkr livy.sparkr spark.knitr knitr"
_FAMILIES = {
    name: family
    for family, names in (("python", _PYTHON), ("scala", _SCALA), ("r", _R))
    for name in names.split()
}

#: Zeppelin's own, where neither paragraph nor note names one.
DEFAULT = "spark"

#: Kernels by family, as their own installers call them (ipykernel, almond, IRkernel).
KERNELS = {
    "python": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
    "scala": {"name": "scala", "display_name": "Scala", "language": "scala"},
    "r": {"name": "ir", "display_name": "R", "language": "R"},
}
#: What a notebook's own cells are written in when they go out.
INTERPRETERS = {"python": "python", "scala": "spark", "r": "r"}
#: Cell magics that mean an interpreter, both ways.
MAGICS = {"%%bash": "sh", "%%sql": "sql", "%%html": "html"}

_SHELL = frozenset({"sh", "sh.sh", "bash", "shell"})
_SQL = frozenset({"sql", "ssql", "bsql", "jdbc", "hive", "mysql", "psql", "postgresql", "presto"})
_OTHER_LANGUAGES = {"r": "%%R", "python": "%%python"}


class Text(Struct, frozen=True):
    """A paragraph's text in its parts: ``prefix + body`` is the text, ``name`` without %."""

    prefix: str
    name: str
    body: str

    def interpreter(self, default: str | None) -> str:
        """Its interpreter, the note's default one, or Zeppelin's; none for an empty text."""
        name = self.name or (default or DEFAULT if self.body.strip() else "")
        return name.lower()


def read(text: str) -> Text:
    """The parts of a paragraph's text."""
    match = _PREFIX.match(text)
    if match is None:
        return Text("", "", text)
    return Text(match[0], match["name"], text[match.end() :])


def language(texts: Iterable[Text], default: str | None) -> str:
    """The language of most paragraphs; ``default`` is the interpreter of those without any."""
    families = [_FAMILIES.get(text.interpreter(default)) for text in texts]
    counted = Counter(family for family in families if family)
    fallback = _FAMILIES.get((default or "").lower(), "python")
    return counted.most_common(1)[0][0] if counted else fallback


def magic(text: Text, main: str, default: str | None) -> str:
    """The cell magic without which a notebook in ``main`` would misread the body ("": none).

    Where IPython has none, one that says what is missing: running such a cell fails with a
    clear sentence instead of running it in the wrong language.
    """
    name = text.interpreter(default)
    family = _FAMILIES.get(name)
    if not name or family == main or name in MARKDOWN | RAW:
        return ""
    if name in _SHELL:
        return "%%bash"
    if name.rpartition(".")[2] in _SQL:
        return "%%sql"
    if name == "html":
        return "%%html"
    return _OTHER_LANGUAGES.get(family or "", "%%" + name.replace(".", "_"))
