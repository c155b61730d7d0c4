"""What a kubeconfig holds is nobody's to read: not in what people are told, nor elsewhere (C9).

``ClusterUnusable.detail`` becomes ``EngineInfo.reason``, which every signed-in person sees.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.credentials import ClusterUnusable, load
from submarine_ext.engines.kubernetes.reach import Patience, Reach
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api, ApiError
from tests.kubernetes.kubeconfigs import SERVER, around, plugged
from tests.kubernetes.scripted import kubeconfig, session

TOKEN = "canary-8c1f"

BROKEN = {
    "a quotation mark is missing": f'users:\n- name: u\n  user: {{token: "{TOKEN}\n}}\n',
    "a tab": f"users:\n\t- token: {TOKEN}\n",
    "an unknown tag": f"users: !!python/object/apply:os.system ['{TOKEN}']\n",
    "an alias to nothing": f"token: {TOKEN}\nusers: *{TOKEN}\n",
    "control characters": f"token: {TOKEN}\n\x01: {TOKEN}\n",
    "brackets without end": "[" * 5000 + TOKEN,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_kubeconfig_is_not_quoted(how: str, home: Path) -> None:
    """Catches the mutant that says what YAML says, which quotes the lines around the error."""
    path = home / "config"
    path.write_text(BROKEN[how])
    with pytest.raises(ClusterUnusable, match="is no kubeconfig") as no:
        load(Settings(kubeconfig=str(path)), around(home))
    assert TOKEN not in no.value.detail
    assert TOKEN not in repr(no.value.__cause__)


ODD: list[tuple[Any, Any]] = [
    ("contexts", [{"name": "here", "context": "text"}]),
    ("contexts", [{"name": "here", "context": [["cluster"]]}]),
    ("clusters", {"c": {"server": SERVER}}),
    ("clusters", [{"name": "c", "cluster": {"server": 7}}]),
    ("clusters", [{"name": "c", "cluster": {}}]),
    ("users", [{"name": "u", "user": {"exec": ["plugin"]}}]),
    ("users", [{"name": "u", "user": {"token": TOKEN, "as-groups": 5, "as": "x"}}]),
    ("users", 7),
]


@pytest.mark.parametrize(("part", "value"), ODD)
def test_a_kubeconfig_of_another_shape_is_said_to_be_none(
    part: str, value: Any, home: Path
) -> None:
    """Catches the mutant without ``except (AttributeError, …)``: nobody connected ever again."""
    path = kubeconfig(home / "config", SERVER)
    path.write_text(json.dumps({**json.loads(path.read_text()), part: value}))
    with pytest.raises(ClusterUnusable) as no:
        load(Settings(kubeconfig=str(path)), around(home))
    assert TOKEN not in no.value.detail


def test_what_a_plugin_complains_of_is_for_the_log(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Catches the mutant that puts its standard error into the reason that everybody sees."""
    settings, plugin = plugged(home, f"printf 'no: {TOKEN}\\033[2J\\n' >&2; exit 1")
    with caplog.at_level(logging.WARNING), pytest.raises(ClusterUnusable) as no:
        load(settings, around(home))
    assert TOKEN not in no.value.detail
    assert caplog.messages == [f"{plugin}: no: {TOKEN} [2J"]


def test_a_password_in_the_servers_url_is_refused(home: Path) -> None:
    """The URL stands in every sentence about the cluster."""
    path = kubeconfig(home / "config", f"https://me:{TOKEN}@cluster.example")
    with pytest.raises(ClusterUnusable, match="name or password in it") as no:
        load(Settings(kubeconfig=str(path)), around(home))
    assert TOKEN not in no.value.detail


async def test_a_proxys_password_is_not_told(tmp_path: Path) -> None:
    """A proxy that refuses is an error that names its URL."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=407)

    async with session(refuse, tmp_path) as direct:
        proxy = direct.host.replace("http://", f"http://me:{TOKEN}@")
        path = kubeconfig(tmp_path / "proxied", SERVER, **{"proxy-url": proxy})
        api = await Api.open(Settings(kubeconfig=str(path)))
        with pytest.raises(ApiError) as no:
            await api.request("GET", "/version")
        await api.close()
    assert TOKEN not in str(no.value)


async def test_what_nobody_foresaw_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches the mutant of ``Reach`` that ends with it: the engine would wait for ever."""
    path = kubeconfig(tmp_path / "config", "http://127.0.0.1:9")
    real, tries = Api.open, []

    async def unforeseen(settings: Settings) -> Api:
        tries.append(1)
        if len(tries) < 3:
            raise ZeroDivisionError
        return await real(settings)

    monkeypatch.setattr(Api, "open", unforeseen)
    patience = Patience(first=0.01, longest=0.01)
    reach = Reach(Settings(kubeconfig=str(path)), patience, lambda: None)
    api = await reach._connect()
    assert len(tries) == 3
    assert "server's log" in str(reach.reason)
    await api.close()


def test_a_kubeconfig_that_anybody_may_change_is_not_used(home: Path) -> None:
    """Whoever changes it gets the token, or runs a plugin that is allowed with words of theirs."""
    path = kubeconfig(home / "config", SERVER)
    path.chmod(0o666)
    with pytest.raises(ClusterUnusable, match="chmod o-w"):
        load(Settings(kubeconfig=str(path)), around(home))
    path.chmod(0o664)
    assert load(Settings(kubeconfig=str(path)), around(home)).authorization == "Bearer a-token"
