"""Who is asking, who else is here, and what admins change of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from submarine_ext.domain.access import Capability, Principal, Role
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.people import Me, User, UserChange
from submarine_ext.domain.projects import DEFAULT, NewProject, slug
from submarine_ext.domain.quotas import limits
from submarine_ext.domain.subjects import user
from submarine_ext.domain.times import now
from submarine_ext.errors import Conflict, NotFound
from submarine_ext.services import access
from submarine_ext.services.consequences import settle_all, stop
from submarine_ext.services.entries import note
from submarine_ext.store import access as tuples
from submarine_ext.store import grants, jobs, projects, quotas, teams, users
from submarine_ext.store.store import Store, Transaction


class People:
    """The service. ``owner`` is the person whose server this is (None: a team's), whose personal
    project is called ``default``; ``admins`` are admins by configuration. ``wake`` tells
    reconcile that jobs may have to be stopped.
    """

    def __init__(
        self, store: Store, owner: str | None, admins: frozenset[str], wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._wake = wake
        self._owner = owner
        self._admins = admins
        self._arrived: set[str] = set()

    async def prepare(self) -> None:
        """At start: the configured admins are admins, the owner of the server is somebody."""

        def begin(tx: Transaction) -> None:
            _appoint(tx, self._admins)
            if self._owner is not None:
                _welcome(tx, self._owner, DEFAULT)

        await self._store.write(begin)

    async def arrive(self, who: Principal) -> None:
        """First sight of a verified identity: a user with a personal project from now on."""
        if who.name in self._arrived:
            return
        if not await self._store.read(lambda tx: _is_here(tx, who.name)):
            await self._store.write(lambda tx: _welcome(tx, who.name, slug(who.name, "person")))
        self._arrived.add(who.name)

    async def me(self, who: Principal) -> Me:
        """The asker: name, rights, personal project, quota and use."""

        def query(tx: Transaction) -> Me:
            standing = access.signed_in(tx, who, Capability.ME_READ)
            account = users.get(tx, who.name)
            project = projects.personal(tx, who.name)
            assert account is not None, "everybody who asks has arrived"
            assert project is not None, "everybody who asks has arrived"
            own = access.in_project(tuples.standing(tx, who.name, project, now()))
            return Me(
                user=who.name,
                teams=list(teams.standings(tx, who.name)),
                admin=standing.admin,
                capabilities=sorted(access.on_server(standing) | own),
                personal_project=project,
                quota=account.quota,
                use=quotas.use(tx, str(user(who.name)), now()),
            )

        return await self._store.read(query)

    async def search(self, who: Principal, wanted: Search) -> Page[User]:
        """People by a part of their name. Names that never came are for admins only."""

        def query(tx: Transaction) -> Page[User]:
            admin = access.signed_in(tx, who, Capability.USER_LIST).admin
            found = users.page(tx, wanted, mentioned=admin)
            return Page([_view(each, admin=admin) for each in found.items], found.next)

        return await self._store.read(query)

    async def get(self, who: Principal, name: str) -> User:
        """One person."""

        def query(tx: Transaction) -> User:
            admin = access.signed_in(tx, who, Capability.USER_LIST).admin
            return _view(_found(tx, name, mentioned=admin), admin=admin)

        return await self._store.read(query)

    async def change(self, who: Principal, name: str, change: UserChange) -> User:
        """Change a person's account. Raises Conflict for the last or a configured admin."""

        def apply(tx: Transaction) -> User:
            access.signed_in(tx, who, Capability.USER_WRITE)
            _apply(tx, who, _found(tx, name, mentioned=True), change)
            return _view(_found(tx, name, mentioned=True), admin=True)

        changed = await self._store.write(apply)
        self._wake()
        return changed


def _view(account: users.Account, *, admin: bool) -> User:
    if not admin:
        return User(name=account.name, seen=account.seen)
    return User(
        name=account.name,
        seen=account.seen,
        admin=account.admin != users.NOT_ADMIN,
        disabled=account.disabled,
        quota=account.quota,
    )


def _found(tx: Transaction, name: str, *, mentioned: bool) -> users.Account:
    account = users.get(tx, name)
    if account is None or (account.seen is None and not mentioned):
        raise NotFound
    return account


def _apply(tx: Transaction, who: Principal, account: users.Account, change: UserChange) -> None:
    columns = _columns(account, change)
    if not columns:
        return
    if account.admin == users.CONFIGURED and columns.keys() & {"admin", "disabled"}:
        raise Conflict(
            f"{account.name} is an admin by the server's configuration (SubmarineExtension.admins)."
        )
    if account.admin == users.BY_DIRECTORY and "admin" in columns:
        raise Conflict(f"{account.name} is an admin of JupyterHub: change it there.")
    before = {name: getattr(account, name) for name in columns}
    users.change(tx, account.name, **columns)
    if not users.has_admin(tx):
        raise Conflict("The server would have no admin left: make somebody else an admin first.")
    note(
        tx,
        who.name,
        "user.change",
        str(user(account.name)),
        kind="access",
        before=_told(before),
        after=_told(columns),
    )
    if "disabled" in columns or "admin" in columns:
        projects.bump(tx)
    if "disabled" in columns:
        _follow_up(tx, who, account.name, disabled=columns["disabled"])


def _columns(account: users.Account, change: UserChange) -> dict[str, Any]:
    """What becomes other than it is."""
    wanted: dict[str, Any] = {}
    if change.admin is not UNSET and change.admin != (account.admin != users.NOT_ADMIN):
        wanted["admin"] = users.APPOINTED if change.admin else users.NOT_ADMIN
    if change.disabled is not UNSET and change.disabled != account.disabled:
        wanted["disabled"] = change.disabled
    if change.quota is not UNSET and change.quota != account.quota:
        limits(change.quota)
        wanted["quota"] = change.quota
    return wanted


def _told(columns: dict[str, Any]) -> dict[str, Any]:
    if "admin" not in columns:
        return columns
    return {**columns, "admin": columns["admin"] != users.NOT_ADMIN}


def _follow_up(tx: Transaction, who: Principal, name: str, *, disabled: bool) -> None:
    """All jobs of a disabled account end; its projects may be orphaned, or not any more."""
    if disabled:
        for record in jobs.unfinished_of(tx, name):
            stop(tx, record, actor=who.name, reason=f"The account of {name} is disabled.")
    settle_all(tx, who, grants.reach(tx, name))


def _appoint(tx: Transaction, names: frozenset[str]) -> None:
    """What the configuration says about admins, and nobody else by configuration."""
    earlier = set(users.configured(tx))
    for name in sorted(names - earlier):
        users.ensure(tx, name)
        users.change(tx, name, admin=users.CONFIGURED)
        note(tx, SYSTEM, "user.change", str(user(name)), kind="access", after={"admin": True})
    for name in sorted(earlier - names):
        users.change(tx, name, admin=users.NOT_ADMIN)
        note(tx, SYSTEM, "user.change", str(user(name)), kind="access", after={"admin": False})


def _is_here(tx: Transaction, name: str) -> bool:
    known = users.get(tx, name)
    return known is not None and known.seen is not None and bool(projects.personal(tx, name))


def _welcome(tx: Transaction, name: str, wanted: str) -> None:
    """A user who has been seen, and their personal project; nothing for one who has both."""
    seen, home = users.ensure(tx, name).seen, projects.personal(tx, name)
    if seen is not None and home is not None:
        return
    if seen is None:
        users.change(tx, name, seen=now())
    if home is None:
        home = projects.free_name(tx, wanted)
        projects.add(tx, NewProject(name=home, title=f"{name}'s project"), person=name)
        grants.put(tx, home, user(name), Role.OWNER, name)
    note(tx, name, "user.arrive", str(user(name)), after={"personal_project": home})
    # Who was named the owner of an orphaned project before they came is its owner now. In all
    # others nothing has changed: a team that comes in the morning is no news for its projects.
    settle_all(tx, Principal(name), projects.orphaned(tx, grants.reach(tx, name)))
