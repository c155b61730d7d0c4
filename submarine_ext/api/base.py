"""The guard in front of every route: deny by default, then parse, then one service call.

``prepare`` lets through only a declared operation, asked by somebody known, from a page of
this server. It does not rely on Jupyter's ``@authorized`` (which remembers its first
caller's resource) nor on ``allow_unauthenticated_access``. What somebody may do is not
decided here: the service asks ``domain.access``.
"""

from __future__ import annotations

from collections.abc import Coroutine
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from jupyter_server._tz import utcnow
from jupyter_server.base.handlers import JupyterHandler
from tornado.httputil import HTTPServerRequest
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
    #: False while a part of the request's body may still be on its way.
    body_is_read = True

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
            raise _too_long(declared.longest)

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
        """Every error has the same kind of body.

        A connection on which a request's body may still come is closed by tornado; a proxy that
        is not told would send its next request, which may be anybody's, into a closed one.
        """
        if not self.body_is_read:
            self.set_header("Connection", "close")
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else HTTPError(status_code)
        told = problem(error)
        self.set_status(told.status)
        seconds = retry_after(error)
        if seconds is not None:
            self.set_header("Retry-After", str(seconds))
        if told.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.operations))
        self.set_header("Content-Type", MEDIA_TYPE)
        _ = self.finish(encode(told))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """What we foresaw needs no traceback in the log."""
        if not isinstance(value, SubmarineError):
            super().log_exception(typ, value, tb)


@stream_request_body
class Endpoint(Guard):
    """A route whose verbs are operations. JSON bodies are capped before they are held."""

    services: Services

    def initialize(self) -> None:
        """Called by tornado for each request, before anything is known of it."""
        self._body = bytearray()
        self._longest = 0
        self.body_is_read = False
        self.site.enters(self)

    async def prepare(self) -> None:  # type: ignore[override]
        """Guard, look at the body's headers, and open the services."""
        await super().prepare()
        declared = self.operations[self.request.method or ""]
        self._longest = declared.longest
        if declared.upload is None:
            self.check_body_headers(declared)
        if not declared.public:
            self.services = await self.site.services()
            await self.services.people.arrive(self.principal)
        self.body_is_read = True  # by tornado, before it calls the verb's method

    def data_received(self, chunk: bytes) -> None:
        """Collect a JSON body; beyond the cap it is only counted, :meth:`json_body` refuses."""
        if len(self._body) <= self._longest:
            self._body += chunk

    def json_body(self) -> bytes:
        """The whole body. Raises TooLarge."""
        if len(self._body) > self._longest:
            raise _too_long(self._longest)
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

    async def prepare(self) -> None:  # type: ignore[override]
        """Whoever is nobody learns nothing, not even what is absent."""
        await self._authenticate()
        raise HTTPError(404)


def _is_json(kind: str | None) -> bool:
    media, _, parameters = (kind or "").partition(";")
    charset = parameters.strip().lower()
    return media.strip().lower() == "application/json" and charset in ("", "charset=utf-8")


def _unknown() -> Unauthenticated:
    return Unauthenticated("The request carries no credential that this server knows.")


def _too_long(longest: int) -> TooLarge:
    return TooLarge(f"The body is longer than {longest} bytes.")
