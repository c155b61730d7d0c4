"""The settings of a connected server: each acts, and what would do nothing is refused."""

from __future__ import annotations

import pytest
from traitlets import TraitError
from traitlets.config import Config

from submarine_ext.app import connecting
from submarine_ext.app.connected import ConnectedSite
from submarine_ext.app.extension import SubmarineExtension
from submarine_ext.app.settings import SubmarineSettings

SERVICE = "http://hub:8890/services/submarine"


def site(**settings) -> ConnectedSite | None:
    config = Config(SubmarineExtension=settings)
    return SubmarineExtension(config=config).connected_site("alice", None)


class TestTheServicesUrl:
    def test_makes_a_server_a_connected_one(self):
        assert site() is None
        assert site(service_url=f"{SERVICE}/").upstream.url == SERVICE

    def test_may_stand_in_the_environment(self, monkeypatch):
        monkeypatch.setenv("SUBMARINE_SERVICE_URL", SERVICE)
        assert site().upstream.url == SERVICE

    @pytest.mark.parametrize(
        "url",
        [
            "hub:8890",
            "ftp://hub/x",
            "/services/submarine",
            "http://",
            "http://alice:secret@hub/",
            "http://hub/?token=x",
            "http://hub/#x",
        ],
    )
    def test_must_name_a_web_server_and_nothing_else(self, url):
        with pytest.raises(TraitError, match=r"service_url.*http\(s\)://HOST"):
            site(service_url=url)

    def test_leaves_what_the_service_decides_to_the_service(self):
        theirs = {"engines": ["local"], "admins": {"ann"}, "cpu": 1.0, "data_dir": "/srv"}
        for name, value in theirs.items():
            with pytest.raises(TraitError, match=f"{name} is for the team service"):
                site(service_url=SERVICE, **{name: value})

    @pytest.mark.parametrize("name", sorted(SubmarineSettings.class_own_traits(config=True)))
    @pytest.mark.parametrize("section", ["SubmarineExtension", "SubmarineSettings"])
    def test_takes_no_setting_that_would_do_nothing(self, section, name):
        """By whichever name of the class it is given; the value is not even looked at."""
        config = Config({"SubmarineExtension": {"service_url": SERVICE}})
        extension = SubmarineExtension(config=config)
        extension.config[section][name] = object()
        with pytest.raises(TraitError, match=rf"{section}\.{name} is for the team service"):
            extension.connected_site("alice", None)

    @pytest.mark.parametrize("name", sorted(connecting.OFFERED))
    def test_takes_what_says_how_much_of_the_machine_is_offered(self, name, tmp_path):
        values = {"cpu": 1.0, "memory": "1Gi", "gpu": 0, "data_dir": str(tmp_path)}
        offering = {"service_url": SERVICE, "offer_local_engine": True}
        assert site(**offering, **{name: values[name]}) is not None
        with pytest.raises(TraitError, match="is for the team service"):
            site(**offering, engines=["local"])

    def test_is_what_a_machine_is_offered_to(self):
        with pytest.raises(TraitError, match="offer_local_engine needs service_url"):
            site(offer_local_engine=True)

    def test_takes_no_cluster(self):
        config = Config(
            SubmarineExtension={"service_url": SERVICE}, KubernetesEngine={"namespace": "ml"}
        )
        with pytest.raises(
            TraitError, match=r"KubernetesEngine\.namespace is for the team service"
        ):
            SubmarineExtension(config=config).connected_site("alice", None)

    def test_takes_no_database_from_the_environment(self, monkeypatch):
        """It may hold a password, which is not quoted."""
        monkeypatch.setenv("SUBMARINE_DATABASE_URL", "postgresql://s:secret@db/s")
        with pytest.raises(TraitError, match="SUBMARINE_DATABASE_URL is for the team") as told:
            site(service_url=SERVICE)
        assert "secret" not in str(told.value)

    def test_needs_a_package_and_says_which(self, monkeypatch):
        monkeypatch.setattr(connecting, "find_spec", lambda name: None)
        with pytest.raises(TraitError, match=r"pip install 'submarine-ext\[connected\]'"):
            site(service_url=SERVICE)


class TestTheTokensFile:
    def test_does_nothing_without_a_service(self, tmp_path):
        with pytest.raises(TraitError, match="service_token_file needs service_url"):
            site(service_token_file=str(tmp_path / "token"))

    async def test_that_is_gone_is_said(self, call, stage, tmp_path, cookies_of_alice):
        (tmp_path / "token").unlink()
        answer = await call("GET", "/me", signed=False, headers=cookies_of_alice)
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert "token" in answer.json["detail"]


@pytest.fixture
def cookies_of_alice(cookies):
    return cookies("alice")


class TestAConnectedServer:
    async def test_keeps_nothing_itself(self, call, stage, tmp_path):
        bob = {"Authorization": "token token-bob"}
        assert (await call("GET", "/projects", headers=bob)).status == 200
        assert not list(tmp_path.rglob("submarine.sqlite"))

    async def test_says_in_its_answers_that_another_gave_them(self, call, stage):
        answer = await call("GET", "/engines", headers={"Authorization": "token token-bob"})
        assert answer.headers["Via"] == "1.1 submarine-ext"
