"""Acting in somebody's name: names go as they are, and none can become another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api, ClusterUnusable
from tests.kubernetes.scripted import (
    Server,
    hello,
    kubeconfig,
    session,
)


async def test_impersonation_sends_names_as_they_are(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        raw = [(k.decode(), v.decode()) for k, v in request.raw_headers]
        seen.append([(k, v) for k, v in raw if k.startswith("Impersonate")])
        return await hello(request)

    async with session(answer, tmp_path) as api:
        await api.acting_as("zoë@example.org", ["team-a", "日本"]).request("GET", "/api")
        await api.request("GET", "/api")
    assert seen == [
        [
            ("Impersonate-User", "zoë@example.org"),
            ("Impersonate-Group", "team-a"),
            ("Impersonate-Group", "日本"),
        ],
        [],
    ]


NAMES = (
    *("", " alice", "alice ", "a\nb", "a\0b", "a\x7fb", "a\r\nImpersonate-Group: system:masters"),
    *("system:masters", "system:serviceaccount:kube-system:default"),
)


@pytest.mark.parametrize("name", NAMES)
async def test_no_name_can_become_another(name: str, tmp_path: Path) -> None:
    """Header injection, names that HTTP trims, and the cluster's own names."""
    async with session(hello, tmp_path) as api:
        with pytest.raises(ClusterUnusable):
            api.acting_as(name, [])
        with pytest.raises(ClusterUnusable):
            api.acting_as("alice", [name])


async def test_a_kubeconfigs_own_impersonation_is_sent_and_excludes_ours(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append([(k, v) for k, v in request.headers.items() if k.startswith("Imp")])
        return await hello(request)

    async with Server(answer) as server:
        user = {"token": "t", "as": "robot", "as-groups": ["g1", "g2"], "as-uid": "7"}
        path = kubeconfig(tmp_path / "kubeconfig", server.url, user)
        api = await Api.open(Settings(kubeconfig=str(path)))
        await api.request("GET", "/api")
        with pytest.raises(ClusterUnusable, match="`as:` already"):
            api.acting_as("alice", [])
        await api.close()
    groups = [("Impersonate-Group", "g1"), ("Impersonate-Group", "g2")]
    assert seen == [[("Impersonate-User", "robot"), *groups, ("Impersonate-Uid", "7")]]
