"""Users' own servers, connected to the team service: a real Hub, real spawns, real proxies."""

from __future__ import annotations

import json
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx
import pytest
import websocket

from tests.hub.team import PATIENCE, cookie, until

NAME = "team"
#: What the Hub asks a visitor to allow.
SCOPES = re.compile(r'name="scopes"[^>]*value="([^"]+)"')
TEXT = {"type": "file", "format": "text", "content": "hello"}


class Own:
    """Somebody's own server, and how they (or a visitor, by ``token``) reach its API."""

    def __init__(self, hub, owner: str, token: str) -> None:
        self.url = f"{hub.url}/user/{owner}/{NAME}/submarine/api"
        self.headers = {"Authorization": f"token {token}"}
        self._hub = hub

    def ask(self, method: str, path: str, body=None, **headers: str) -> httpx.Response:
        more = {} if body is None else {"json": body}
        sent = {**self.headers, **headers}
        return httpx.request(method, self.url + path, headers=sent, timeout=60, **more)

    def sure(self, method: str, path: str, body=None, **headers: str):
        answer = self.ask(method, path, body, **headers)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def follow(self, topic: str) -> websocket.WebSocket:
        url = f"{self.url}/events".replace("http", "ws", 1)
        socket = websocket.create_connection(url, header=self.headers, timeout=PATIENCE)
        self._hub.opened.append(Closing(socket))
        socket.send(json.dumps({"op": "subscribe", "topic": topic}))
        assert json.loads(socket.recv())["type"] == "subscribed"
        return socket


class Closing(NamedTuple):
    """A socket that lets go of its connection, whoever ended it."""

    socket: websocket.WebSocket

    def close(self) -> None:
        self.socket.close()
        self.socket.shutdown()


def frame(socket: websocket.WebSocket, kind: str) -> dict:
    while (found := json.loads(socket.recv()))["type"] != kind:
        pass
    return found


def until_the_end(socket: websocket.WebSocket) -> None:
    while socket.recv_data(control_frame=True)[0] != websocket.ABNF.OPCODE_CLOSE:
        pass


@pytest.fixture(scope="module")
def servers(started_hub):
    """alice's and bob's own servers run."""
    for name in ("alice", "bob"):
        started_hub.person(name)
        started_hub.api("POST", f"/users/{name}/servers/{NAME}")
    for name in ("alice", "bob"):
        model = f"/users/{name}?include_stopped_servers"
        until(lambda m=model: started_hub.api("GET", m)["servers"][NAME]["ready"], "a spawn")
    yield
    for name in ("alice", "bob"):
        started_hub.api("DELETE", f"/users/{name}/servers/{NAME}")
    for name in ("alice", "bob"):
        until(lambda n=name: NAME not in started_hub.api("GET", f"/users/{n}")["servers"], "an end")


@pytest.fixture
def own(hub, servers):
    return lambda name: Own(hub, name, hub.person(name).token)


class TestTwoPeopleAtTheirOwnServers:
    def test_share_a_project_see_it_live_and_both_edit(self, own):
        alice, bob = own("alice"), own("bob")
        assert (alice.sure("GET", "/me")["user"], bob.sure("GET", "/me")["user"]) == (
            "alice",
            "bob",
        )
        alice.sure("POST", "/projects", {"name": "vision"})
        alice.sure("PUT", "/projects/vision/grants/user:bob", {"role": "editor"})
        socket = bob.follow("projects/vision")
        alice.sure("PUT", "/contents/vision/a.txt", TEXT)
        assert "a.txt" in json.dumps(frame(socket, "file"))
        read = bob.ask("GET", "/contents/vision/a.txt")
        assert read.json()["content"] == "hello"
        edited = {**TEXT, "content": "hello from bob"}
        bob.sure("PUT", "/contents/vision/a.txt", edited, **{"If-Match": read.headers["ETag"]})
        late = alice.ask(
            "PUT", "/contents/vision/a.txt", TEXT, **{"If-Match": read.headers["ETag"]}
        )
        assert (late.status_code, late.json()["code"]) == (412, "stale")

    def test_run_and_watch_a_job_while_the_service_dies_and_comes_back(self, own, hub):
        alice, bob = own("alice"), own("bob")
        alice.sure("POST", "/projects", {"name": "speech"})
        alice.sure("PUT", "/projects/speech/grants/user:bob", {"role": "editor"})
        spec = {"command": ["sh", "-c", "echo begun; sleep 8; echo done"]}
        job = bob.sure("POST", "/projects/speech/jobs", spec)["id"]
        socket = alice.follow(f"jobs/{job}/logs")
        os.kill(hub.service_pid(), signal.SIGKILL)
        until_the_end(socket)
        until(hub.is_ready, "the service's return")
        until(lambda: alice.sure("GET", f"/jobs/{job}")["finished"], "the job's end")
        assert alice.sure("GET", f"/jobs/{job}")["state"] == "succeeded"
        assert alice.ask("GET", f"/jobs/{job}/logs").text.split() == ["begun", "done"]

    def test_lose_what_their_group_loses(self, own, hub):
        alice, bob = own("alice"), own("bob")
        alice.sure("POST", "/projects", {"name": "of-the-team"})
        team = next(t["name"] for t in alice.sure("GET", "/teams")["items"] if "ml" in t["name"])
        alice.sure("PUT", f"/projects/of-the-team/grants/team:{team}", {"role": "editor"})
        assert bob.ask("GET", "/projects/of-the-team").status_code == 200
        socket = bob.follow("projects/of-the-team")
        hub.api("DELETE", "/groups/ml/users", {"users": ["bob"]})
        try:
            assert frame(socket, "closed")["data"]["code"] == 4403
            assert bob.ask("GET", "/projects/of-the-team").status_code == 404
        finally:
            hub.api("POST", "/groups/ml/users", {"users": ["bob"]})


class TestAPersonsMachine:
    @pytest.mark.timeout(300)
    def test_runs_their_jobs_for_the_team_which_keeps_their_server(self, own, hub):
        """Mutant: no note of what runs on the machine."""
        alice, bob = own("alice"), own("bob")
        spec = {"command": ["sh", "-c", "pwd; sleep 300"], "engine": "machine:alice"}

        def offered() -> list[str]:
            return [each["name"] for each in alice.sure("GET", "/engines")["items"]]

        until(lambda: "machine:alice" in offered(), "the machine")
        assert "machine:alice" not in [e["name"] for e in bob.sure("GET", "/engines")["items"]]
        assert bob.ask("POST", "/projects/personal-bob/jobs", spec).status_code in (403, 404)
        home = alice.sure("GET", "/me")["personal_project"]
        job = alice.sure("POST", f"/projects/{home}/jobs", spec)["id"]
        until(lambda: alice.ask("GET", f"/jobs/{job}/logs").text, "the log")
        assert f"/home/alice/.local/share/jupyter/submarine/machine/jobs/{job}" in (
            alice.ask("GET", f"/jobs/{job}/logs").text
        )
        asked = datetime.now(UTC) + timedelta(seconds=3)

        def last_activity() -> datetime:
            model = hub.api("GET", "/users/alice")["servers"][NAME]
            return datetime.fromisoformat(model["last_activity"])

        until(lambda: last_activity() > asked, "activity of the job alone")
        alice.sure("POST", f"/jobs/{job}/stop", {"grace_seconds": 0})
        until(lambda: alice.sure("GET", f"/jobs/{job}")["state"] == "cancelled", "the stop")


class TestABrowserAtItsOwnServer:
    def test_works_with_its_cookie_and_our_xsrf_token_alone(self, own, hub):
        browser = hub.login("alice")
        page = browser.get(f"{hub.url}/user/alice/{NAME}/lab")
        assert page.status_code == 200
        base = f"/user/alice/{NAME}/"
        api = f"{hub.url}{base}submarine/api"
        del browser.headers["X-XSRFToken"]
        script = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
        for verb, body in (("GET", None), ("POST", {"name": "cookie"})):
            more = {} if body is None else {"json": body}
            refused = browser.request(verb, f"{api}/projects", headers=script, **more)
            assert refused.status_code == 403, verb
        xsrf = {**script, "X-XSRFToken": cookie(browser, "_xsrf", base)}
        made = browser.post(f"{api}/projects", headers=xsrf, json={"name": "cookie"})
        assert made.status_code == 201, made.text
        assert browser.get(f"{api}/me", headers=xsrf).json()["user"] == "alice"
        ticket = browser.post(f"{api}/tickets", headers=xsrf, json={}).json()["ticket"]
        url = f"{api}/events".replace("http", "ws", 1)
        cookies = "; ".join(
            f"{each.name}={each.value}" for each in browser.cookies.jar if each.path in ("/", base)
        )
        options = {"cookie": cookies, "origin": hub.url, "timeout": PATIENCE}
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(url, **options)
        socket = websocket.create_connection(f"{url}?ticket={ticket}", **options)
        hub.opened.append(Closing(socket))
        socket.send(json.dumps({"op": "subscribe", "topic": "me"}))
        assert json.loads(socket.recv())["type"] == "subscribed"


class TestAVisitor:
    """bob at alice's server, which she shared with him: never in her name."""

    @pytest.fixture
    def visiting(self, own, hub):
        hub.api("POST", f"/shares/alice/{NAME}", {"user": "bob"})
        yield Own(hub, "alice", hub.token("bob")["token"])
        hub.api("PATCH", f"/shares/alice/{NAME}", {"user": "bob"})

    def test_acts_as_themself_with_their_own_token(self, visiting, own):
        own("alice").sure("GET", "/me")
        assert visiting.sure("GET", "/me")["user"] == "bob"

    def test_is_refused_where_the_token_does_not_let_them_ask(self, visiting, own, hub):
        own("alice").sure("POST", "/projects", {"name": "hers-alone"})
        narrow = hub.token("bob", [f"access:servers!server=alice/{NAME}"])["token"]
        bob = Own(hub, "alice", narrow)
        for path in ("/me", "/projects", "/projects/hers-alone"):
            answer = bob.ask("GET", path)
            assert (answer.status_code, answer.json()["code"]) == (403, "no_credential"), path

    def test_is_refused_with_the_cookie_of_a_visit(self, visiting, own, hub):
        """What the Hub gives to a visited server says nothing about the service."""
        browser = hub.login("bob")
        asked = browser.get(f"{hub.url}/user/alice/{NAME}/lab")
        fields = {"_xsrf": cookie(browser, "_xsrf", "/hub/"), "scopes": SCOPES.findall(asked.text)}
        assert browser.post(asked.url, data=fields).url.path.endswith("/lab")
        base = f"/user/alice/{NAME}/"
        headers = {"X-XSRFToken": cookie(browser, "_xsrf", base)}
        answer = browser.get(f"{hub.url}{base}submarine/api/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "no_credential")
