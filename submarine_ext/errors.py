"""One tree of errors. Each has a stable ``code``; none knows HTTP.

::

    SubmarineError
    ├── Invalid            bad input; ``field`` names what to change
    │   └── TooLarge       the input is over a limit
    ├── Forbidden          known, but not allowed
    │   └── NoCredential   this server has nothing by which to ask for the visitor elsewhere
    ├── NotFound           absent, or invisible to whoever asks: the same words
    ├── Conflict           the request contradicts the present state
    │   ├── KeyReused      an idempotency key came back with another request
    │   └── Stale          a save was made from a version that is no longer current
    ├── QuotaExceeded      says which quota, used and limit
    ├── Unavailable        try again later (``retry_after`` seconds)
    │   ├── ServiceAway    the team service that a connected server asks does not answer
    │   └── StorageFull    no room left to write; what was acknowledged is kept
    └── NewerDatabase      the database was written by a newer version

``detail`` is one plain sentence for the person who reads it, and what to do.
"""

from __future__ import annotations


class SubmarineError(Exception):
    """The root. ``detail`` is shown to people, ``code`` is for programs."""

    code = "error"

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class Invalid(SubmarineError):
    """Bad input. ``field`` is a path such as ``resources.memory``."""

    code = "invalid"


class TooLarge(Invalid):
    """The input is over a limit, which ``detail`` states."""

    code = "too_large"


class Forbidden(SubmarineError):
    """The asker is known but may not do this."""

    code = "forbidden"


class NoCredential(Forbidden):
    """A connected server has no credential of the visitor that the team service takes."""

    code = "no_credential"


class NotFound(SubmarineError):
    """Absent or invisible; the two are never told apart."""

    code = "not_found"

    def __init__(self, detail: str = "There is no such thing here.") -> None:
        super().__init__(detail)


class Conflict(SubmarineError):
    """The request contradicts the present state, e.g. deleting a running job."""

    code = "conflict"


class KeyReused(Conflict):
    """An Idempotency-Key was used before with a different request."""

    code = "idempotency_mismatch"


class Stale(Conflict):
    """Somebody saved meanwhile. Both bodies are kept: ``current`` is the version that the file
    has now (None: it is gone), ``kept`` the one that was refused (both ids of versions; None
    where nothing was sent, as with a DELETE).
    """

    code = "stale"

    def __init__(
        self, detail: str, *, current: str | None, etag: str | None, kept: str | None
    ) -> None:
        super().__init__(detail, field="If-Match")
        self.current = current
        self.etag = etag
        self.kept = kept


class QuotaExceeded(SubmarineError):
    """A quota has no room: ``detail`` says whose and which, how much is used, the limit and
    by whom. ``quota`` is an account and a kind (``user:alice/gpu``), ``used`` and ``limit``
    are numbers (CPUs, bytes, GPUs, hours), ``holders`` who holds most of it: people of a
    team, jobs of one person.
    """

    code = "quota_exceeded"

    def __init__(
        self, detail: str, *, quota: str, used: float, limit: float, holders: list[str]
    ) -> None:
        super().__init__(detail)
        self.quota = quota
        self.used = used
        self.limit = limit
        self.holders = holders


class Unavailable(SubmarineError):
    """Something needed is away for now; worth trying again in ``retry_after`` seconds."""

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after: int = 2) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ServiceAway(Unavailable):
    """The team service of a connected server does not answer; its jobs go on."""

    code = "service_away"


class StorageFull(Unavailable):
    """There is no room left to write. Nothing that was acknowledged is lost."""

    code = "storage_full"


class NewerDatabase(SubmarineError):
    """The database was written by a newer submarine-ext than this one."""

    code = "newer_database"
