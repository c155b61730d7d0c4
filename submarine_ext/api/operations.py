"""What an operation declares, and the call that does what it declares.

A verb without ``@operation`` does not exist: the base handler refuses it. From the same
declaration come parsing, the reply and the OpenAPI document, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

import msgspec
from jupyter_server.auth.decorator import allow_unauthenticated
from msgspec import Struct
from tornado.web import authenticated

from submarine_ext.api.parsing import Body, Query, idempotency_key
from submarine_ext.domain.access import Capability

if TYPE_CHECKING:
    from submarine_ext.api.base import Endpoint

Verb = Callable[..., Coroutine[Any, Any, None]]

encode = msgspec.json.Encoder().encode


class Media(Struct, frozen=True):
    """A request or response body that is not JSON, and the headers that come with it."""

    type: str
    description: str
    headers: dict[str, str] = {}


class Operation(Struct, frozen=True, kw_only=True):
    """One verb of one route. ``answers`` maps a status to its body; None is no body.

    ``capability`` is what the service will ask :mod:`submarine_ext.domain.access` for.
    ``problems`` are the error statuses beyond those that every operation has, ``longest`` is
    the limit of a JSON body, in bytes.
    """

    capability: Capability
    summary: str
    answers: dict[int, Any]
    query: type[Any] | None = None
    body: type[Any] | None = None
    upload: Media | None = None
    idempotent: bool = False
    problems: tuple[int, ...] = ()
    longest: int = 8 * 1024 * 1024

    @property
    def public(self) -> bool:
        """Whether strangers may call it."""
        return self.capability is Capability.PUBLIC


def operation(
    capability: Capability,
    *,
    answer: Any = None,
    status: int = 200,
    **declared: Any,
) -> Callable[[Callable[..., Awaitable[Any]]], Verb]:
    """Declare a verb; the method's docstring is its summary.

    The method gets the route's parts, then ``query``, ``body``, ``key``. What it returns is
    the body of the answer, unless the method finished it itself.
    """
    declared.setdefault("answers", {status: answer})
    parse_query = Query(declared.get("query"))
    parse_body = Body(declared["body"]) if "body" in declared else None

    def declare(method: Callable[..., Awaitable[Any]]) -> Verb:
        summary = (method.__doc__ or "").partition("\n")[0].rstrip(".")
        described = Operation(capability=capability, summary=summary, **declared)

        @wraps(method)
        async def call(self: Endpoint, **parts: str) -> None:
            values: dict[str, Any] = {}
            query = parse_query(self.request.query_arguments)
            if described.query is not None:
                values["query"] = query
            if parse_body is not None:
                values["body"] = parse_body(self.json_body())
            if described.idempotent:
                values["key"] = idempotency_key(self.request.headers.get_list("Idempotency-Key"))
            self.set_status(status)
            answer = await method(self, **parts, **values)
            if not self._finished:
                self.reply(answer)

        call.operation = described  # type: ignore[attr-defined]
        # The guard decides before; these marks let Jupyter see at start that nothing is open.
        marked: Any = allow_unauthenticated(call) if described.public else authenticated(call)
        return cast("Verb", marked)

    return declare
