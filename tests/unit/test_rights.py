"""``domain.access`` has the permission matrix (tests/api/matrix.py), no more and no less.

The mutants: any one right added to or taken from any one role.
"""

from __future__ import annotations

import pytest

from submarine_ext.domain import access
from submarine_ext.domain.access import (
    ADMIN,
    BREAK_GLASS,
    ROLES,
    WORDS,
    Capability,
    Relation,
    Role,
    require,
    rights,
)
from submarine_ext.errors import Forbidden, NotFound
from tests.api.matrix import ADMINS, EVERYBODY, HOLDERS, RELATIONS


@pytest.mark.parametrize("letter", RELATIONS)
def test_everybody_has_exactly_the_rights_of_the_matrix(letter):
    written = {capability for capability, who in HOLDERS.items() if letter in who}
    assert rights(RELATIONS[letter]) == written


def test_every_capability_is_in_the_matrix_or_asked_of_the_server():
    known = {*HOLDERS, *EVERYBODY, *ADMINS, Capability.PUBLIC}
    assert set(Capability) == known


def test_what_is_asked_of_the_server_is_for_everybody_or_for_admins():
    assert set(EVERYBODY) == access.SIGNED_IN
    assert set(ADMINS) == access.ADMINISTRATION


def test_absence_denies():
    """Zeppelin takes an empty set for everybody; here nothing gives nothing."""
    assert rights(Relation()) == frozenset()
    for capability in Capability:
        with pytest.raises(NotFound):
            require(Relation(), capability)


def test_whoever_sees_something_is_told_what_is_missing():
    with pytest.raises(Forbidden, match="viewer"):
        require(Relation(role=Role.VIEWER), Capability.FILE_WRITE)


def test_each_role_includes_the_one_before_it():
    assert access.ROLES[Role.VIEWER] < access.ROLES[Role.EDITOR] < access.ROLES[Role.OWNER]


def test_no_relation_takes_rights_away():
    """The union over all relations: whatever is true besides, an owner stays one."""
    owner = Relation(role=Role.OWNER)
    for also in ("internal", "admin", "break_glass", "offered", "viewer_logs", "orphaned"):
        more = Relation(role=Role.OWNER, **{also: True})
        assert rights(owner) <= rights(more)


def test_emergency_access_is_nothing_without_being_an_admin():
    assert rights(Relation(break_glass=True)) == frozenset()


def test_an_admin_names_the_owner_of_an_orphaned_project_only():
    assert Capability.OWNER_WRITE not in rights(Relation(admin=True))
    assert Capability.OWNER_WRITE in rights(Relation(admin=True, orphaned=True))
    assert Capability.OWNER_WRITE not in rights(Relation(role=Role.EDITOR, orphaned=True))


def test_every_right_in_a_project_has_words_for_a_refusal():
    asked = frozenset().union(*ROLES.values(), ADMIN, BREAK_GLASS, {Capability.TRANSFER_ACCEPT})
    assert set(WORDS) == asked
