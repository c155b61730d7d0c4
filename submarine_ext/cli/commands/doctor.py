"""What ``doctor`` does: shows how an engine was set up, and how to give what is missing."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from submarine_ext.cli.face import Face
from submarine_ext.engines.base import Check
from submarine_ext.errors import SubmarineError


def _doctor(face: Face, options: Namespace) -> None:
    """Raises SubmarineError where something is missing: the exit status says so too."""
    checks = face.client.checks(options.engine)
    fixes = list(dict.fromkeys(check.fix for check in checks if check.fix and not check.ok))
    if not options.yaml:
        _show(face, options.engine, checks)
    if fixes:
        if not options.yaml:
            face.write("\n# What is missing; for `kubectl apply -f -`\n")
        face.write("---\n".join(fixes))
    missing = sum(not check.ok for check in checks)
    if missing:
        raise SubmarineError(f"{missing} of {len(checks)} checks failed.")


def _show(face: Face, engine: str, checks: list[Check]) -> None:
    for check in checks:
        face.say(f"{'✓' if check.ok else '✗'} {check.title}: {check.detail}")
    if not checks:
        face.say(f"✓ The engine {engine} needs nothing that could be missing.")


COMMANDS: dict[str, Callable[[Face, Namespace], None]] = {"doctor": _doctor}
