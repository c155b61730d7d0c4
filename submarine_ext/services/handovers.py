"""A project changes hands: an owner offers it, and the receiver accepts."""

from __future__ import annotations

from collections.abc import Callable

from submarine_ext.domain.access import Capability, Principal, Role
from submarine_ext.domain.projects import Project, ProjectState
from submarine_ext.domain.subjects import user
from submarine_ext.errors import Conflict, Invalid, NotFound
from submarine_ext.services import access
from submarine_ext.services.consequences import may_offer, owners_kept, settle
from submarine_ext.services.entries import note
from submarine_ext.services.views import view
from submarine_ext.store import grants, handovers, projects, users
from submarine_ext.store.store import Store, Transaction


class Handovers:
    """The service. ``wake`` tells reconcile that jobs may have to be stopped."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def offer(self, who: Principal, project: str, to: str) -> Project:
        """Offer the project to somebody, instead of to whom it may be offered already.

        Raises Invalid for somebody who cannot accept, Conflict for a personal project.
        """

        def propose(tx: Transaction) -> Project:
            access.may(tx, who, project, Capability.OWNER_WRITE)
            _refuse_what_stays(tx, project)
            _check_receiver(tx, who, to)
            handovers.put(tx, project, to, who.name)
            _tell(tx, who, "transfer.offer", project, {"to": to})
            settle(tx, who, project)
            return view(tx, who, project)

        return await self._store.write(propose)

    async def withdraw(self, who: Principal, project: str) -> None:
        """Take the offer back, or decline it. Raises NotFound where there is none."""

        def end(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.PROJECT_READ)
            offer = handovers.get(tx, project)
            if offer is None or offer.receiver != who.name:
                access.may(tx, who, project, Capability.OWNER_WRITE)
            if offer is None:
                raise NotFound
            handovers.remove(tx, project)
            _tell(tx, who, "transfer.withdraw", project, {"to": offer.receiver})
            settle(tx, who, project)

        await self._store.write(end)

    async def accept(self, who: Principal, project: str) -> Project:
        """Become its owner; who offered it becomes an editor. Jobs keep their submitter."""

        def take(tx: Transaction) -> Project:
            access.may(tx, who, project, Capability.TRANSFER_ACCEPT)
            offer = handovers.get(tx, project)
            if offer is None or not may_offer(tx, offer):
                raise Conflict("The offer is void: who made it may not hand the project over now.")
            handovers.remove(tx, project)
            with owners_kept(tx, [project]):
                grants.put(tx, project, user(who.name), Role.OWNER, offer.by)
                _step_back(tx, offer)
            _tell(tx, who, "transfer.accept", project, {"from": offer.by, "to": who.name})
            settle(tx, who, project)
            return view(tx, who, project)

        taken = await self._store.write(take)
        self._wake()
        return taken


def _refuse_what_stays(tx: Transaction, project: str) -> None:
    record = projects.get(tx, project)
    assert record is not None, "somebody may offer it"
    if record.person is not None:
        raise Conflict(f"This is {record.person}'s personal project: it stays theirs.")
    if record.state is ProjectState.TRASHED:
        raise Conflict("The project is in the trash: restore it first.")


def _check_receiver(tx: Transaction, who: Principal, to: str) -> None:
    """Nobody learns here whose account is disabled."""
    receiver = users.get(tx, to)
    if receiver is None or receiver.seen is None or receiver.disabled:
        raise Invalid(f"Nobody called {to} can accept it now.", field="to")
    if to == who.name:
        raise Invalid("You cannot hand a project over to yourself.", field="to")


def _step_back(tx: Transaction, offer: handovers.Offered) -> None:
    mine = grants.get(tx, offer.project, user(offer.by))
    if mine is not None and mine.role is Role.OWNER:
        grants.put(tx, offer.project, user(offer.by), Role.EDITOR, offer.receiver)


def _tell(tx: Transaction, who: Principal, action: str, project: str, told: dict[str, str]) -> None:
    note(tx, who.name, action, project, project=project, kind="access", after=told)
