"""The team service behind a real JupyterHub: who is who, and who may come in."""

from __future__ import annotations

import httpx
import pytest
import websocket

from tests.hub.team import Person, cookie

#: Of a Jupyter server: what runs code or reads files, and what it says of itself.
NOT_HERE = (
    "api/kernels",
    "api/kernelspecs",
    "api/sessions",
    "api/contents",
    "api/terminals",
    "api/config/notebook",
    "api/nbconvert",
    "api/events",
    "api/status",
    "api/shutdown",
    "api/me",
    "api",
    "lab",
    "tree",
    "files/service.py",
    "view/service.py",
    "static/favicon.ico",
    "nbconvert/html/a.ipynb",
    "terminals/1",
    "terminals/websocket/1",
    "edit/service.py",
    "submarine/api/nothing",
)


class TestAVisitor:
    def test_is_whom_the_hub_says(self, hub):
        assert {hub.person(name).get("/me")["user"] for name in ("alice", "bob")} == {
            "alice",
            "bob",
        }

    @pytest.mark.parametrize("scheme", ["token", "Bearer", "bearer"])
    def test_may_write_the_scheme_as_they_like(self, hub, scheme):
        headers = {"Authorization": f"{scheme} {hub.token('alice')['token']}"}
        answer = httpx.get(f"{hub.service}submarine/api/me", headers=headers)
        assert answer.json()["user"] == "alice"

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "token 0123456789abcdef"}])
    def test_without_a_token_of_the_hub_is_nobody(self, hub, headers):
        answer = httpx.get(f"{hub.service}submarine/api/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "unauthenticated")

    def test_needs_the_scope_to_access_the_service(self, hub):
        """The mutant asks the Hub who it is and is content with that."""
        wide, narrow = (
            Person(hub, "alice", hub.token("alice", scopes)["token"])
            for scopes in (["access:services!service=submarine"], ["access:servers!user"])
        )
        assert wide.get("/me")["user"] == "alice"
        assert narrow.ask("GET", "/me").status_code == 403

    def test_is_no_service_that_is_called_like_somebody(self, hub):
        """The mutant looks at the name alone: the Hub's service bob would be the person bob."""
        assert Person(hub, "bob", hub.impostor).ask("GET", "/me").status_code == 403

    def test_has_no_project_of_an_owner(self, hub):
        assert hub.person("alice").get("/me")["personal_project"] == "alice"


class TestABrowser:
    def test_is_led_through_the_hubs_login_and_back(self, hub):
        stranger = httpx.get(hub.service)
        assert (
            stranger.status_code,
            "/hub/api/oauth2/authorize" in stranger.headers["Location"],
        ) == (
            302,
            True,
        )
        page = hub.login("alice").get(hub.service)
        assert page.status_code == 200, page.text
        assert "signed in as <b>alice</b>" in page.text

    def test_comes_in_with_its_cookie(self, hub):
        browser = signed_in(hub, "alice")
        assert browser.get(f"{hub.service}submarine/api/me").json()["user"] == "alice"

    def test_writes_only_with_the_services_own_xsrf_token(self, hub):
        browser, path = signed_in(hub, "alice"), f"{hub.service}submarine/api/tickets"
        assert browser.post(path, json={}).status_code == 403
        ours = {"X-XSRFToken": cookie(browser, "_xsrf", "/services/submarine/")}
        assert browser.post(path, json={}, headers=ours).status_code == 201

    def test_reads_nothing_for_a_script_of_another_page(self, hub):
        """Pages of other people's servers have the same origin: they get no XSRF token.

        The mutant takes reads for harmless.
        """
        browser, path = signed_in(hub, "alice"), f"{hub.service}submarine/api/me"
        for mode in ("cors", "no-cors", "same-origin"):
            sent = {"Sec-Fetch-Mode": mode, "Sec-Fetch-Site": "same-site"}
            assert browser.get(path, headers=sent).status_code == 403, mode
        ours = {"X-XSRFToken": cookie(browser, "_xsrf", "/services/submarine/")}
        sent = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", **ours}
        assert browser.get(path, headers=sent).status_code == 200

    def test_opens_a_socket_with_a_ticket_and_from_our_own_origin_only(self, hub):
        browser = signed_in(hub, "alice")
        ours = {"X-XSRFToken": cookie(browser, "_xsrf", "/services/submarine/")}
        cookies = "; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar)

        def connect(origin: str, query: str) -> websocket.WebSocket:
            url = f"{hub.service}submarine/api/events{query}".replace("http", "ws", 1)
            return websocket.create_connection(url, cookie=cookies, origin=origin, timeout=20)

        def ticket() -> str:
            path = f"{hub.service}submarine/api/tickets"
            return f"?ticket={browser.post(path, json={}, headers=ours).json()['ticket']}"

        for origin, query in ((hub.url, ""), ("http://evil.example", ticket())):
            with pytest.raises(websocket.WebSocketBadStatusException) as refused:
                connect(origin, query)
            assert refused.value.status_code == 403
        connect(hub.url, ticket()).close()


class TestNothingElse:
    def test_is_served(self, hub):
        alice = hub.person("alice")
        found = {
            (verb, path, alice.http.request(verb, path).status_code)
            for path in NOT_HERE
            for verb in ("GET", "POST", "PUT", "DELETE")
        }
        assert {status for *_, status in found} == {404}, found

    def test_is_told_to_strangers(self, hub):
        assert {httpx.get(f"{hub.service}{path}").status_code for path in NOT_HERE} == {403}


def signed_in(hub, name: str) -> httpx.Client:
    """A browser that has been at the service, with the service's cookies alone."""
    browser = hub.login(name)
    del browser.headers["X-XSRFToken"]
    assert browser.get(hub.service).status_code == 200
    return browser
