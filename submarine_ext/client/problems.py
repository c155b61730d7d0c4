"""Answers that are not successes, as the errors of :mod:`submarine_ext.errors`."""

from __future__ import annotations

from typing import Any

import httpx

from submarine_ext.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuotaExceeded,
    Stale,
    SubmarineError,
    Unavailable,
)


def _tree(root: type[SubmarineError]) -> dict[str, type[SubmarineError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


_BY_CODE = _tree(SubmarineError)
#: For codes that are newer than this client.
_BY_STATUS = {400: Invalid, 403: Forbidden, 404: NotFound, 409: Conflict, 503: Unavailable}


def from_problem(problem: dict[str, Any], *, retry_after: int = 2) -> SubmarineError:
    """The error that a problem (RFC 9457, or an ``error`` frame of the socket) stands for."""
    older = _BY_STATUS.get(problem.get("status", 0), SubmarineError)
    kind = _BY_CODE.get(str(problem.get("code")), older)
    detail = str(problem.get("detail") or problem.get("title") or "The server gave no reason.")
    if issubclass(kind, Unavailable):
        return kind(detail, retry_after=retry_after)
    if issubclass(kind, NotFound):
        return kind(detail)
    if issubclass(kind, Stale):
        return _stale(detail, problem)
    if issubclass(kind, QuotaExceeded):
        return _over_quota(detail, problem)
    field = problem.get("field")
    return kind(detail, field=str(field) if field else None)


def _stale(detail: str, problem: dict[str, Any]) -> Stale:
    return Stale(
        detail,
        current=problem.get("current"),
        etag=problem.get("etag"),
        kept=problem.get("kept"),
    )


def _over_quota(detail: str, problem: dict[str, Any]) -> QuotaExceeded:
    return QuotaExceeded(
        detail,
        quota=str(problem.get("quota", "")),
        used=float(problem.get("used", 0)),
        limit=float(problem.get("limit", 0)),
        holders=[str(name) for name in problem.get("holders", [])],
    )


def from_response(response: httpx.Response) -> SubmarineError:
    """The error of a response, also one that Jupyter itself or a proxy wrote."""
    where = str(response.request.url.copy_with(path="/", query=None))
    status, problem = response.status_code, _problem(response)
    if response.is_redirect or status == 401 or (status == 403 and _stranger(problem)):
        return Forbidden(
            f"The server at {where} does not accept this credential. "
            "Set SUBMARINE_TOKEN to its token (`jupyter server list` shows it)."
        )
    if problem is not None:
        return from_problem(problem, retry_after=_retry_after(response))
    if status == 404:
        return without_extension(where)
    if status in (502, 503, 504):
        return Unavailable(f"The server at {where} is not ready (HTTP {status}). Try again soon.")
    return SubmarineError(f"The server at {where} failed (HTTP {status}). Its log says why.")


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    if "problem+json" not in response.headers.get("content-type", ""):
        return None
    problem: dict[str, Any] = response.json()
    return problem


def _stranger(problem: dict[str, Any] | None) -> bool:
    return problem is None or problem.get("code") == "unauthenticated"


def without_extension(where: str) -> NotFound:
    """The sentence for a Jupyter server that knows no jobs."""
    return NotFound(
        f"The Jupyter server at {where} runs without submarine-ext. Install it in that "
        "server's environment (pip install submarine-ext) and restart the server."
    )


def _retry_after(response: httpx.Response) -> int:
    text = response.headers.get("retry-after", "")
    return int(text) if text.isdigit() else 2
