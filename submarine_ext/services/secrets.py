"""Secrets: people write and name them, jobs get them, and what jobs say is redacted of them.

Values go in by :meth:`Secrets.write` and come out by :meth:`Secrets.give`, which reconcile
alone calls. No answer, event or error holds one.
"""

from __future__ import annotations

import asyncio
import difflib
import logging

import msgspec

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.jobs import Job, JobSpec
from submarine_ext.domain.redaction import EVERYTHING, NOTHING, Hidden
from submarine_ext.domain.secrets import Secret, check
from submarine_ext.domain.times import now
from submarine_ext.errors import Conflict, Invalid, NotFound
from submarine_ext.files.keys import KeyFile, Unreadable
from submarine_ext.services import access
from submarine_ext.services.entries import note
from submarine_ext.store import secrets
from submarine_ext.store.store import Storage, Transaction

log = logging.getLogger(__name__)

_values = msgspec.json.Decoder(dict[str, str]).decode


class Secrets:
    """The service."""

    def __init__(self, store: Storage, key: KeyFile) -> None:
        self._store = store
        self._key = key

    async def list(self, who: Principal, project: str) -> list[Secret]:
        """Names, who wrote them and when."""

        def query(tx: Transaction) -> list[Secret]:
            access.may(tx, who, project, Capability.SECRET_READ)
            return secrets.every(tx, project)

        return await self._store.read(query)

    async def write(self, who: Principal, project: str, name: str, value: str) -> Secret:
        """Write a value. Raises Invalid, and Unavailable where the key is lost."""

        def look(tx: Transaction) -> bool:
            access.may(tx, who, project, Capability.SECRET_WRITE)
            return not secrets.any_at_all(tx)

        first = await self._store.read(look)
        check(name, value)
        token = await asyncio.to_thread(self._key.encrypt, value.encode(), first=first)
        secret = Secret(name=name, author=who.name, written=now())

        def keep(tx: Transaction) -> Secret:
            access.may(tx, who, project, Capability.SECRET_WRITE)
            before = secrets.get(tx, project, name)
            secrets.put(tx, project, secret, token)
            note(tx, who.name, "secret.put", name, project=project, before=before, after=secret)
            return secret

        return await self._store.write(keep)

    async def delete(self, who: Principal, project: str, name: str) -> None:
        """Forget it. Jobs that run have what they were given."""

        def forget(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.SECRET_WRITE)
            before = secrets.get(tx, project, name)
            if before is None:
                raise NotFound
            secrets.remove(tx, project, name)
            note(tx, who.name, "secret.delete", name, project=project, before=before)

        await self._store.write(forget)

    async def give(self, job: Job) -> dict[str, str]:
        """The values that a job's attempt gets, the same ones however often it is asked.

        They are remembered before they are told, so that no log of theirs is ever read
        unredacted. Raises Conflict where one is gone or cannot be read.
        """
        if not job.spec.secrets:
            return {}
        token = await self._store.read(lambda tx: secrets.given(tx, job.id, job.attempt))
        try:
            if token is None:
                token = await self._remember(job)
            return _values(await asyncio.to_thread(self._key.decrypt, token))
        except Unreadable as error:
            raise Conflict(f"It could not be started. {error.detail}") from None

    async def _remember(self, job: Job) -> str:
        wanted = job.spec.secrets
        tokens = await self._store.read(lambda tx: secrets.tokens(tx, job.project, wanted))
        if len(tokens) < len(set(wanted)):
            # Not which one: viewers read this, who may not know what secrets there are.
            raise Conflict(
                "A secret that this job needs is gone from the project: look which of those in "
                "its spec, write it again, then retry."
            )
        token = await asyncio.to_thread(self._packed, tokens)
        return await self._store.write(lambda tx: secrets.give(tx, job.id, job.attempt, token))

    def _packed(self, tokens: dict[str, str]) -> str:
        values = {name: self._key.decrypt(token).decode() for name, token in tokens.items()}
        return self._key.encrypt(msgspec.json.encode(values), first=False)

    def hidden(self, tx: Transaction, job: Job, attempt: int) -> Hidden:
        """What of an attempt's output nobody may see. Raises Unavailable without the key."""
        token = secrets.given(tx, job.id, attempt) if job.spec.secrets else None
        return NOTHING if token is None else Hidden(_values(self._key.decrypt(token)).values())

    def hidden_at_least(self, tx: Transaction, job: Job) -> Hidden:
        """The same of the present attempt; everything where the key cannot be read."""
        try:
            return self.hidden(tx, job, job.attempt)
        except Unreadable as error:
            log.warning("%s: what it says of itself is not shown. %s", job.id, error.detail)
            return EVERYTHING


def require(tx: Transaction, project: str, spec: JobSpec) -> None:
    """Raise Invalid unless the project has all secrets that a spec names."""
    known = secrets.names(tx, project) if spec.secrets else set()
    for position, name in enumerate(spec.secrets):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ": write it first."
            raise Invalid(f"The project has no secret {name}{hint}", field=f"secrets[{position}]")
