"""A person's own server with the extension: what counts as its activity, and who reads there.

Activity is asked of the Hub and of its proxy, which is what cullers look at.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import websocket

from tests.hub.team import PATIENCE, cookie, until

JOBS = "submarine/api/projects/default/jobs"


class OwnServer:
    """bob's own server, with the extension; ``http`` reaches it without the Hub's proxy."""

    def __init__(self, hub) -> None:
        self.hub = hub
        headers = {"Authorization": f"token {hub.person('bob').token}"}
        target = hub.route("/user/bob")["target"]
        self.http = httpx.Client(base_url=f"{target}/user/bob/", headers=headers, timeout=30)
        hub.opened.append(self.http)
        url = f"{hub.url}/user/bob/submarine/api/events".replace("http", "ws", 1)
        self.socket = websocket.create_connection(url, header=headers, timeout=PATIENCE)
        hub.opened.append(self)

    def ask(self, method: str, path: str, body: object) -> dict:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def follow(self, topic: str) -> None:
        self.socket.send(json.dumps({"op": "subscribe", "topic": topic}))

    def frame(self, kind: str) -> dict:
        while True:
            frame = json.loads(self.socket.recv())
            if frame["type"] == kind:
                return frame

    def last_activity(self) -> datetime:
        """As the server has reported it to the Hub."""
        model = self.hub.api("GET", "/users/bob")["servers"][""]
        return datetime.fromisoformat(model["last_activity"])

    def last_traffic(self) -> str:
        """As the proxy has seen it."""
        return self.hub.route("/user/bob")["last_activity"]

    def close(self) -> None:
        self.socket.close()
        self.socket.shutdown()


@pytest.fixture(scope="module")
def bobs_server(started_hub):
    hub = started_hub
    hub.api("POST", "/users/bob/server")
    until(lambda: hub.api("GET", "/users/bob")["servers"].get("", {}).get("ready"), "the server")
    yield
    hub.api("DELETE", "/users/bob/server")
    until(lambda: not hub.api("GET", "/users/bob")["servers"], "the end of the server")


@pytest.fixture
def own_server(hub, bobs_server):
    return OwnServer(hub)


class TestAPersonsServer:
    @pytest.mark.timeout(300)
    def test_is_kept_by_a_job_at_work_and_not_by_a_socket(self, own_server):
        """The mutants: no note of jobs; a socket whose reader has to answer pings."""
        job = own_server.ask("POST", JOBS, {"command": ["sleep", "300"]})["id"]
        asked = datetime.now(UTC)
        later = asked + timedelta(seconds=3)
        until(lambda: own_server.last_activity() > later, "activity of the job alone")
        own_server.follow(f"jobs/{job}")
        own_server.frame("subscribed")
        heard = until(own_server.last_traffic, "traffic")
        own_server.ask("POST", f"submarine/api/jobs/{job}/stop", {"grace_seconds": 0})
        while not own_server.frame("job")["data"].get("finished"):
            pass
        assert own_server.last_traffic() == heard, "what is sent to a reader counts"
        time.sleep(0.002)  # the proxy counts in milliseconds
        own_server.follow("me")
        own_server.frame("subscribed")
        assert own_server.last_traffic() != heard, "nothing is counted at all"

    def test_answers_no_script_of_a_page_of_somebody_elses_server(self, hub, own_server):
        """It has the same origin and the browser sends bob's cookie; the XSRF token it lacks."""
        browser, path = hub.login("bob"), f"{hub.url}/user/bob/submarine/api/me"
        del browser.headers["X-XSRFToken"]
        assert browser.get(f"{hub.url}/user/bob/lab").status_code == 200
        sent = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
        assert browser.get(path, headers=sent).status_code == 403
        ours = {"X-XSRFToken": cookie(browser, "_xsrf", "/user/bob/")}
        assert browser.get(path, headers={**sent, **ours}).json()["user"] == "bob"
