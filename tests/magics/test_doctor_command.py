"""``submarine doctor`` and ``run --dry-run``: what the server says, on a terminal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from submarine_ext.cli.commands import execute
from submarine_ext.cli.face import Face
from submarine_ext.cli.grammar import parse
from submarine_ext.client.handle import JobHandle
from submarine_ext.engines.base import Check, Finding, Preflight
from submarine_ext.errors import Invalid, SubmarineError, Unavailable

ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n"
GOOD = Check(title="Connection", ok=True, detail="Kubernetes v1.36.2.")
BAD = Check(title="Namespace team-a", ok=False, detail="sa may not: create jobs.batch.", fix=ROLE)


class Page(Face):
    """A face on a string, and a server that answers with what it was given."""

    prog = "submarine"

    def __init__(self, *checks: Check, known: Preflight | Exception | None = None) -> None:
        self.console = Console(file=_Text(), width=200)
        self._client = SimpleNamespace(
            checks=lambda engine: list(checks),
            jobs=SimpleNamespace(preflight=lambda **fields: self._foresee(known, fields)),
        )
        self.asked: dict[str, Any] = {}

    def _foresee(self, known: Any, fields: dict[str, Any]) -> Preflight:
        self.asked = fields
        if isinstance(known, Exception):
            raise known
        return known

    @property
    def client(self) -> Any:
        return self._client

    @property
    def text(self) -> str:
        return "".join(self.console.file.parts)  # type: ignore[attr-defined]

    def __call__(self, *tokens: str) -> str:
        execute(self, parse(self.prog, list(tokens)))
        return self.text

    def launched(self, job: JobHandle) -> None:
        raise AssertionError("nothing was to be submitted")

    watch = wait = launched

    def use(self, project: str | None) -> str:
        raise NotImplementedError

    def ask_secret(self, name: str, *, stdin: bool) -> str:
        raise NotImplementedError


class _Text:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.parts.append(text)
        return len(text)

    def flush(self) -> None:
        pass


def dry(known: Preflight | Exception, *more: str) -> Page:
    page = Page(known=known)
    try:
        page("run", "--dry-run", "--no-bundle", *more, "--", "true")
    except Invalid as error:
        page.say(f"error: {error.detail}")
    return page


def found(*findings: Finding) -> Preflight:
    return Preflight(engine="kubernetes", findings=list(findings))


class TestDoctor:
    def test_an_engine_in_order_is_all_ticks(self) -> None:
        assert Page(GOOD)("doctor", "kubernetes") == "✓ Connection: Kubernetes v1.36.2.\n"

    def test_what_is_missing_comes_with_its_yaml_and_is_an_error(self) -> None:
        page = Page(GOOD, BAD)
        with pytest.raises(SubmarineError, match="1 of 2 checks failed"):
            page("doctor", "kubernetes")
        assert "✗ Namespace team-a: sa may not: create jobs.batch." in page.text
        assert page.text.endswith(f"# What is missing; for `kubectl apply -f -`\n{ROLE}")

    def test_the_yaml_alone_is_for_kubectl(self) -> None:
        page = Page(GOOD, BAD, BAD)
        with pytest.raises(SubmarineError):
            page("doctor", "kubernetes", "--yaml")
        assert page.text == ROLE

    def test_an_engine_that_needs_nothing_says_so(self) -> None:
        assert "needs nothing" in Page()("doctor", "local")


class TestDryRun:
    def test_nothing_found_is_said(self) -> None:
        assert (
            "✓ Nothing is known that would keep it from running on kubernetes." in dry(found()).text
        )

    def test_what_makes_it_wait_is_a_remark(self) -> None:
        page = dry(found(Finding(text="It will wait.", fatal=False)))
        assert "! It will wait.\n" in page.text
        assert "error" not in page.text

    def test_what_cannot_run_is_an_error_with_its_field(self) -> None:
        page = dry(found(Finding(text="Ask for fewer GPUs.", field="resources.gpu")))
        assert "✗ resources.gpu: Ask for fewer GPUs.\n" in page.text
        assert "error: The engine kubernetes cannot run it like this." in page.text

    def test_what_would_be_submitted_is_asked_about(self) -> None:
        assert dry(found(), "--gpu", "2").asked["resources"]["gpu"] == 2

    def test_without_a_server_the_spec_is_shown_all_the_same(self) -> None:
        page = dry(Unavailable("No server runs."))
        assert '"command"' in page.text
        assert "Note: nobody could be asked whether it would run. No server runs." in page.text
