"""Names that people have, or chose, and what they would open in a cluster (B22).

Teams are made by admins only and their names are slugs; people's names come from whoever signs
them in, and may be anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Prospect
from submarine_ext.engines.kubernetes.cluster import identity, namespace
from submarine_ext.engines.kubernetes.doctor import Doctor
from submarine_ext.engines.kubernetes.settings import Settings
from tests.cluster.cluster import Cluster
from tests.kubernetes.opened import opened

MAPPED = {"team:red": "red-ns", "team:blue": "blue-ns", "project:vision": "vision-ns"}


def by(owner: str, *teams: str, project: str = "p") -> Prospect:
    return Prospect(owner=owner, project=project, teams=teams, spec=JobSpec(command=["x"]))


def test_a_job_goes_where_its_owners_own_teams_are() -> None:
    """``teams`` are those with which the project is shared and in which the owner is now: who
    left a team, is in none of its namespaces. Catches the mutant that looks at all mapped teams.
    """
    settings = Settings(namespaces=MAPPED, namespace="rest")
    assert namespace(settings, by("alice", "blue"), "d") == "blue-ns"
    assert namespace(settings, by("alice", "green", "red"), "d") == "red-ns"
    assert namespace(settings, by("alice"), "d") == "rest"
    assert namespace(settings, by("red"), "d") == "rest"
    assert namespace(settings, by("team:red", "project:vision"), "d") == "rest"
    assert namespace(settings, by("alice", "red", project="vision"), "d") == "vision-ns"
    assert namespace(settings, by("alice", project="team:red"), "d") == "rest"


def test_nobody_is_more_than_their_own_name_and_teams() -> None:
    """Catches the mutant that fills the forms in one after the other."""
    settings = Settings(
        impersonate=True, impersonate_user="{owner}@x", impersonate_groups="g:{team}"
    )
    who = identity(settings, by("{team}", "red"))
    assert (who.user, who.groups) == ("{team}@x", ("g:red",))
    assert identity(settings, by("alice")).groups == ()
    quiet = Settings(impersonate=True, impersonate_groups="")
    assert identity(quiet, by("alice", "red")).groups == ()
    assert identity(Settings(), by("alice", "red")).user is None


CLUSTERS_OWN = ["system:admin", "system:serviceaccount:kube-system:default", "a\nb", " alice", ""]


@pytest.mark.parametrize("name", CLUSTERS_OWN)
async def test_a_doctor_never_proposes_to_give_the_clusters_own_names_anything(
    name: str, cluster: Cluster, tmp_path: Path
) -> None:
    """What it prints is applied by an administrator: somebody who signs in under such a name
    would have the server impersonate it, or a service account bound.

    Catches the mutant ``Doctor._users`` without ``can_act_as``.
    """
    many: dict[str, Any] = {"impersonate": True, "namespaces": {"team:red": "team-a"}}
    for groups in ("{team}", ""):
        async with opened(cluster.kubeconfig, **many, impersonate_groups=groups) as connected:
            checks = await Doctor(connected, {name, "zoe"}).examine()
        fixes = "".join(check.fix or "" for check in checks)
        assert "system:admin" not in fixes
        assert "kube-system" not in fixes
        assert "zoe" in fixes
