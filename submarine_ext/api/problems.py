"""The one place where errors become responses: RFC 9457 problem details.

Every error that leaves our base, tornado's own ones included, has this body. A 404 has one
body only, so that absent and invisible cannot be told apart. What was not foreseen is a 500
that says nothing of the inside; the server's log has it.
"""

from __future__ import annotations

from http import HTTPStatus

from msgspec import UNSET, Struct, UnsetType, structs
from tornado.web import HTTPError

from submarine_ext import errors

#: Names that Python has since 3.13 only.
_NEWER = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}

MEDIA_TYPE = "application/problem+json"


class Problem(Struct, frozen=True):
    """``code`` is for programs, ``detail`` one sentence for people, ``field`` what to change.

    ``message`` repeats ``detail`` where Jupyter's own clients look for it. A save that came
    too late (412) tells ``current`` and ``kept`` (versions) and ``etag`` (of the current one);
    a quota (429) tells ``quota``, ``used``, ``limit`` and ``holders``.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    message: str
    field: str | UnsetType = UNSET
    current: str | UnsetType | None = UNSET
    etag: str | UnsetType | None = UNSET
    kept: str | UnsetType = UNSET
    quota: str | UnsetType = UNSET
    used: float | UnsetType = UNSET
    limit: float | UnsetType = UNSET
    holders: list[str] | UnsetType = UNSET


class UnsupportedMedia(errors.Invalid):
    """The body is not what the operation takes; for bodies that is JSON."""

    code = "unsupported_media_type"


class MethodNotAllowed(errors.SubmarineError):
    """The operation is not declared for this route."""

    code = "method_not_allowed"


class OutOfRange(errors.Invalid):
    """A part of a file was asked for that it does not have."""

    code = "out_of_range"


class Unauthenticated(errors.Forbidden):
    """Nobody, or nobody known, is asking."""

    code = "unauthenticated"


#: The nearest class in an error's ancestry decides.
STATUS: dict[type[BaseException], HTTPStatus] = {
    UnsupportedMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    OutOfRange: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Stale: HTTPStatus.PRECONDITION_FAILED,
    errors.QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.NewerDatabase: HTTPStatus.SERVICE_UNAVAILABLE,
}

_FRAMEWORK = {
    400: ("invalid", "The request is malformed."),
    403: ("forbidden", "The server refuses this request."),
    405: ("method_not_allowed", "This route has no such operation."),
    413: ("too_large", "The request is too large."),
}
#: What an error knows beyond its words, by the names of its attributes.
_MORE = ("field", "current", "etag", "kept", "quota", "used", "limit", "holders")
_INTERNAL = ("internal", "Something went wrong in the server; its log says what.")
_NOT_FOUND = errors.NotFound()


def problem(error: BaseException) -> Problem:
    """The response's body for any exception."""
    if isinstance(error, errors.NotFound):
        return _problem(HTTPStatus.NOT_FOUND, _NOT_FOUND.code, _NOT_FOUND.detail)
    if isinstance(error, errors.SubmarineError):
        known = _problem(_status(error), error.code, error.detail)
        return structs.replace(known, **_more(error))
    if isinstance(error, HTTPError):
        return _framework(error.status_code)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, *_INTERNAL)


def _more(error: errors.SubmarineError) -> dict[str, object]:
    """What the error knows; of a file that is gone also that it has no current version."""
    told = {name: vars(error)[name] for name in _MORE if vars(error).get(name) is not None}
    if isinstance(error, errors.Stale):
        told = {"current": None, "etag": None, **told}
    return told


def retry_after(error: BaseException) -> int | None:
    """Seconds for the ``Retry-After`` header, or None for no header."""
    if isinstance(error, errors.Unavailable):
        return error.retry_after
    return 30 if isinstance(error, errors.NewerDatabase) else None


def _status(error: errors.SubmarineError) -> HTTPStatus:
    ancestry = (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    return next(ancestry, HTTPStatus.INTERNAL_SERVER_ERROR)


def _framework(status: int) -> Problem:
    if status == HTTPStatus.NOT_FOUND:
        return problem(_NOT_FOUND)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, *_INTERNAL)
    return _problem(HTTPStatus(status), *_FRAMEWORK.get(status, _FRAMEWORK[400]))


def _problem(status: HTTPStatus, code: str, detail: str) -> Problem:
    return Problem(
        f"urn:submarine:problem:{code}", phrase(status), int(status), code, detail, detail
    )


def phrase(status: int) -> str:
    """What a status is called (RFC 9110), by every version of Python."""
    return _NEWER.get(status, HTTPStatus(status).phrase)
