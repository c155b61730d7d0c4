"""The guard in front of every route: deny by default, then parse, then one service call.

``prepare`` lets through only a declared operation, asked by somebody known, from a page of
this server. It does not rely on Jupyter's ``@authorized`` (which remembers its first
caller's resource) nor on ``allow_unauthenticated_access``. What somebody may do is not
decided here: the service asks ``domain.access``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from jupyter_server._tz import utcnow
from jupyter_server.base.handlers import JupyterHandler
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, stream_request_body

from submarine_ext.api.operations import Operation, encode
from submarine_ext.api.problems import (
    MEDIA_TYPE,
    MethodNotAllowed,
    Unauthenticated,
    UnsupportedMedia,
    problem,
    retry_after,
)
from submarine_ext.api.tickets import Tickets
from submarine_ext.domain.access import Principal
from submarine_ext.errors import Forbidden, Invalid, SubmarineError, TooLarge, Unavailable
from submarine_ext.identity.principal import principal_of

if TYPE_CHECKING:
    from submarine_ext.services.audit import Audit
    from submarine_ext.services.bundles import Bundles
    from submarine_ext.services.closing import Closing
    from submarine_ext.services.comparisons import Comparisons
    from submarine_ext.services.documents import Documents
    from submarine_ext.services.emergencies import Emergencies
    from submarine_ext.services.engines import Engines
    from submarine_ext.services.feed import Feed
    from submarine_ext.services.handovers import Handovers
    from submarine_ext.services.jobs import Jobs
    from submarine_ext.services.machines import Machines
    from submarine_ext.services.notes import Notes
    from submarine_ext.services.people import People
    from submarine_ext.services.projects import Projects
    from submarine_ext.services.queues import Queues
    from submarine_ext.services.results import Results
    from submarine_ext.services.secrets import Secrets
    from submarine_ext.services.sharing import Sharing
    from submarine_ext.services.streams import Streams
    from submarine_ext.services.teams import Teams

SETTING = "submarine_ext_site"
#: What of a refused request's body is read before its sender is cut off, in bytes.
THROWN_AWAY = 64 * 1024 * 1024
#: For bodies that are not held: tornado's own limit ends a connection without a sentence.
NO_LIMIT = 1 << 50
VERBS = ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Services(Protocol):
    """What the handlers call; :class:`submarine_ext.app.wiring.Submarine` is it."""

    jobs: Jobs
    results: Results
    bundles: Bundles
    engines: Engines
    people: People
    teams: Teams
    projects: Projects
    queues: Queues
    sharing: Sharing
    handovers: Handovers
    emergencies: Emergencies
    closing: Closing
    secrets: Secrets
    documents: Documents
    comparisons: Comparisons
    machines: Machines
    notes: Notes
    audit: Audit
    feed: Feed
    streams: Streams


class Closable(Protocol):
    """An open WebSocket."""

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Say goodbye."""
        ...


class Site(Protocol):
    """What the application gives to the handlers (``settings[SETTING]``)."""

    owner: str | None
    max_bundle_bytes: int
    tickets: Tickets
    sockets: set[Closable]

    def enters(self, request: object) -> None:
        """A request is being answered."""
        ...

    def leaves(self, request: object) -> None:
        """It was answered, or nobody waits for its answer any more."""
        ...

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it soon, and at the latest before the server stops."""
        ...

    async def services(self) -> Services:
        """The services, opened on first use. Raises SubmarineError where they can't be."""
        ...

    def ready(self) -> bool:
        """Whether requests are welcome: the services did not fail to open, and it goes on."""
        ...


class Guard(JupyterHandler):
    """Who is asking, may the request be here at all, and errors as problems."""

    operations: ClassVar[dict[str, Operation]] = {}
    principal: Principal
    request: HTTPServerRequest

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        methods: dict[str, Any] = {verb: getattr(cls, verb.lower(), None) for verb in VERBS}
        cls.operations = {
            verb: method.operation
            for verb, method in methods.items()
            if hasattr(method, "operation")
        }

    @property
    def site(self) -> Site:
        """What the application gives to the handlers."""
        site: Site = self.settings[SETTING]
        return site

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse whatever is not declared, known and from here. Raises SubmarineError."""
        if not self.check_host():
            raise Forbidden("The server does not answer under this host name.")
        declared = self.operations.get(self.request.method or "")
        if declared is None or not declared.public:
            await self._authenticate()
        if declared is None:
            raise MethodNotAllowed(f"{self.request.method} is not possible here.")

    async def _authenticate(self) -> None:
        try:
            await super().prepare(_redirect_to_login=False)
        except HTTPError as error:
            if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise Unavailable("Whoever checks credentials does not answer.") from None
            raise _unknown() from None
        found = principal_of(self.identity_provider, self.current_user, self.site.owner)
        if found is None:
            raise _unknown()
        self._refuse_foreign_pages()
        self.principal = found

    def _refuse_foreign_pages(self) -> None:
        """A credential that browsers send by themselves counts only from our own pages."""
        fetched_from = self.request.headers.get("Sec-Fetch-Site")
        navigates = self.request.headers.get("Sec-Fetch-Mode") == "navigate"
        foreign = fetched_from == "cross-site" and not self.token_authenticated
        if not self.check_origin() or (foreign and not navigates):
            raise Forbidden("This request comes from a page of another site.")

    def check_body_headers(self, declared: Operation) -> None:
        """Refuse a JSON body, or one where there is none, by what is said of it beforehand."""
        headers = self.request.headers
        length = headers.get("Content-Length", "0")
        sent = length != "0" or "Transfer-Encoding" in headers
        if declared.body is None:
            if sent:
                raise Invalid("This operation takes no body.")
            return
        kind = headers.get("Content-Type")
        if (sent or kind is not None) and not _is_json(kind):
            raise UnsupportedMedia("The body must be application/json in UTF-8.")
        if length.isdecimal() and int(length) > declared.longest:
            raise too_long(declared.longest)

    def check_xsrf_cookie(self) -> None:
        """As Jupyter does, with a sentence; who is nobody is refused for that first.

        JupyterHub asks while it identifies somebody by a cookie, for reads as well: pages of
        other people's servers lie on the same origin.
        """
        if not hasattr(self, "_jupyter_current_user"):
            super().check_xsrf_cookie()
            return
        if self._jupyter_current_user is None:
            return
        try:
            super().check_xsrf_cookie()
        except HTTPError:
            raise Forbidden(
                "The request lacks this server's XSRF token (header X-XSRFToken)."
            ) from None

    @property
    def content_security_policy(self) -> str:
        """Nothing that we answer is a page; user bytes never run with our origin."""
        return f"{super().content_security_policy}; default-src 'none'; sandbox"

    def compute_etag(self) -> None:
        """No ETag by hashing: answers are live."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error has the same kind of body."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else HTTPError(status_code)
        _ = self.finish(self.told(error))

    def told(self, error: BaseException) -> bytes:
        """The body of an error's answer, whose status and headers are set."""
        told = problem(error)
        self.set_status(told.status)
        seconds = retry_after(error)
        if seconds is not None:
            self.set_header("Retry-After", str(seconds))
        if told.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.operations))
        self.set_header("Content-Type", MEDIA_TYPE)
        return encode(told)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """What we foresaw needs no traceback in the log."""
        if not isinstance(value, SubmarineError):
            super().log_exception(typ, value, tb)


@stream_request_body
class Streamed(Guard):
    """A route whose requests' bodies come in pieces, after :meth:`admit` let them.

    Who is refused may be sending still, and reads nothing before that is over. Were the
    connection closed under them they would not hear why, so the answer goes out at once and
    what comes then is thrown away, up to :data:`THROWN_AWAY` bytes.
    """

    #: How much of a refused body may still come; None: it is not refused.
    _leftover: int | None = None
    _read = False

    async def prepare(self) -> None:  # type: ignore[override]
        """Let the body come, or answer why not."""
        try:
            await self.admit()
        except (SubmarineError, HTTPError) as error:
            if not self._body_comes():
                raise
            await self.refuse(error)
        self._read = True  # by tornado, before it calls the verb's method

    async def admit(self) -> None:
        """Raise SubmarineError for what is not declared, known and from here."""
        await super().prepare()

    async def receive(self, chunk: bytes) -> None:
        """A piece of the body."""

    async def data_received(self, chunk: bytes) -> None:
        """Called by tornado."""
        if self._leftover is None:
            await self.receive(chunk)
            return
        self._leftover -= len(chunk)
        if self._leftover < 0:
            _ = self.finish()  # and tornado closes the connection

    async def refuse(self, error: BaseException) -> None:
        """Answer now; nothing of the body is received any more, and no verb's method called."""
        if not isinstance(error, SubmarineError):
            self.log_exception(type(error), error, error.__traceback__)
        body = self.told(error)
        self._leftover = THROWN_AWAY
        if not self._ends_within(THROWN_AWAY):
            self.set_header("Connection", "close")
        self.set_header("Content-Length", str(len(body)))
        self.request.connection.set_max_body_size(NO_LIMIT)  # type: ignore[union-attr]
        setattr(self, (self.request.method or "").lower(), self._end)
        self.write(body)
        with contextlib.suppress(StreamClosedError):
            await self.flush()

    async def _end(self, **_parts: str) -> None:
        """In place of the verb's method, once the rest of a refused body has come."""
        _ = self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A connection on which a request's body may still come is closed by tornado; a proxy
        that is not told would send its next request, which may be anybody's, into a closed one.
        """
        if not self._read:
            self.set_header("Connection", "close")
        super().write_error(status_code, **kwargs)

    def _body_comes(self) -> bool:
        """Whether the sender does not wait for our word first."""
        waits = self.request.headers.get("Expect", "").lower() == "100-continue"
        return not waits and not self._ends_within(0)

    def _ends_within(self, size: int) -> bool:
        """Whether the body is known not to be longer."""
        if "Transfer-Encoding" in self.request.headers:
            return False
        length = self.request.headers.get("Content-Length", "0")
        return length.isdecimal() and int(length) <= size


class Endpoint(Streamed):
    """A route whose verbs are operations. JSON bodies are capped before they are held."""

    services: Services

    def initialize(self) -> None:
        """Called by tornado for each request, before anything is known of it."""
        self._body = bytearray()
        self._longest = 0
        self.site.enters(self)

    async def admit(self) -> None:
        """Guard, look at the body's headers, and open the services."""
        await super().admit()
        declared = self.operations[self.request.method or ""]
        self._longest = declared.longest
        if declared.upload is None:
            self.check_body_headers(declared)
        if not declared.public:
            self.services = await self.site.services()
            await self.services.people.arrive(self.principal)

    async def receive(self, chunk: bytes) -> None:
        """Collect a JSON body, up to its cap."""
        if len(self._body) + len(chunk) > self._longest:
            await self.refuse(too_long(self._longest))
        else:
            self._body += chunk

    def json_body(self) -> bytes:
        """The whole body."""
        return bytes(self._body)

    def on_connection_close(self) -> None:
        """Who asked has gone, perhaps in the middle of the question."""
        self.site.leaves(self)
        super().on_connection_close()

    def on_finish(self) -> None:
        """Who is served is at work: idle cullers look at this."""
        self.site.leaves(self)
        if hasattr(self, "principal"):
            self.settings["api_last_activity"] = utcnow()

    def reply(self, answer: Any) -> None:
        """Finish with a struct as JSON, or with nothing."""
        if answer is None:
            self.clear_header("Content-Type")
            _ = self.finish()
            return
        self.set_header("Content-Type", "application/json")
        _ = self.finish(encode(answer))


class Nowhere(Endpoint):
    """Every path below our base that no route has: 404 like anything else that is absent."""

    async def admit(self) -> None:
        """Whoever is nobody learns nothing, not even what is absent."""
        await self._authenticate()
        raise HTTPError(404)


def _is_json(kind: str | None) -> bool:
    media, _, parameters = (kind or "").partition(";")
    charset = parameters.strip().lower()
    return media.strip().lower() == "application/json" and charset in ("", "charset=utf-8")


def _unknown() -> Unauthenticated:
    return Unauthenticated("The request carries no credential that this server knows.")


def too_long(longest: int) -> TooLarge:
    """A JSON body that is too large to be held."""
    return TooLarge(f"The body is longer than {longest} bytes.")
