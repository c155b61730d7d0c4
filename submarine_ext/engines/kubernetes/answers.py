"""What an API server's answers mean: refusals, when to come back, warnings.

Pure: bytes and headers in, values out. Must not know HTTP libraries. The forms are those of
a real 1.36 server: JSON ``Status``, and plain text where no handler answered (404 of an
absent group, 429 of a throttled client).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from submarine_ext.errors import SubmarineError

LONGEST_WAIT = 120.0  # seconds; a server that asks for more is asked again all the same
_WARNING = re.compile(r'\s*299\s+\S+\s+"((?:[^"\\]|\\.)*)"\s*(?:"[^"]*"\s*)?(?:,|$)')


class ApiError(SubmarineError):
    """The API server refused, or could not be asked.

    ``status`` is the HTTP status; 0: no answer (refused, reset, timed out, silent).
    ``reason`` is the server's CamelCase word, or one of ours for 0: ``Unreachable``,
    ``Timeout``, ``Cut``, ``Silence``, ``Garbled``. ``retry_after`` is in seconds.
    """

    code = "cluster_refused"

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """The same request may succeed later: no answer, throttled, a fault of the server,
        or credentials that somebody may renew (401).
        """
        return self.status in {0, 401, 429} or self.status >= 500


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error that an answer of 300 or more stands for."""
    told = _status(body)
    return from_status(
        {"code": status, "message": _words(status, body), **told},
        status=status,
        retry_after=_seconds(headers.get("Retry-After")),
    )


def from_status(
    told: dict[str, Any], *, status: int | None = None, retry_after: float | None = None
) -> ApiError:
    """The error of a ``Status`` object, as it stands in an answer or in a watch event."""
    found = told.get("details")
    details = found if isinstance(found, dict) else {}
    asked = details.get("retryAfterSeconds")
    if retry_after is None and isinstance(asked, int):
        retry_after = float(max(0, min(asked, LONGEST_WAIT)))
    code = told.get("code")
    return ApiError(
        status if status is not None else code if isinstance(code, int) and code else 500,
        str(told.get("reason") or ""),
        str(told.get("message") or told.get("reason") or "The cluster gave no reason."),
        details=details,
        retry_after=retry_after,
    )


def warnings(headers: Sequence[str]) -> list[str]:
    """The texts of ``Warning:`` headers (RFC 9111 5.5: code, agent, quoted text; 299 only)."""
    return [
        re.sub(r"\\(.)", r"\1", match.group(1))
        for header in headers
        for match in _WARNING.finditer(header)
    ]


def _status(body: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    if not isinstance(told, dict) or told.get("kind") != "Status":
        return {}
    return {name: value for name, value in told.items() if value}


def _words(status: int, body: bytes) -> str:
    if 300 <= status < 400:
        return "The cluster's address redirects elsewhere; redirects are not followed."
    text = body[:500].decode("utf-8", "replace").strip()
    if not text or text.startswith(("<", "{")):  # a proxy's page says nothing to people
        return f"The cluster answered with HTTP status {status}."
    return text


def _seconds(header: str | None) -> float | None:
    if header is None or not header.strip().isdigit():  # the form with a date is not used
        return None
    return min(float(header.strip()), LONGEST_WAIT)
