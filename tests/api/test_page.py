"""The lab's page says who it is for, so that what a browser kept is shown to nobody else."""

from __future__ import annotations

from types import SimpleNamespace

from jupyter_server.auth.identity import User

from submarine_ext.app.page import OPTION, tell_user


def asked_by(user):
    """A request for the page, as JupyterLab's handler shows it to a hook."""
    return SimpleNamespace(current_user=user)


class TestThePage:
    async def test_names_who_asked_for_it(self, people, jp_serverapp):
        hook = jp_serverapp.web_app.settings["page_config_hook"]
        assert hook(asked_by(User("alice")), {})[OPTION] == "alice"
        assert hook(asked_by(User("bob")), {"appName": "Lab"}) == {"appName": "Lab", OPTION: "bob"}

    async def test_names_nobody_where_nobody_is_signed_in(self, people, jp_serverapp):
        hook = jp_serverapp.web_app.settings["page_config_hook"]
        assert hook(asked_by(None), {"appName": "Lab"}) == {"appName": "Lab"}

    async def test_names_the_owner_of_a_server_that_knows_no_people(self, call, jp_serverapp):
        hook = jp_serverapp.web_app.settings["page_config_hook"]
        me = (await call("GET", "/me")).json["user"]
        assert hook(asked_by(User("a random name")), {})[OPTION] == me

    async def test_keeps_what_another_extension_put_there(self, people, jp_serverapp):
        settings = {
            "identity_provider": jp_serverapp.identity_provider,
            "page_config_hook": lambda handler, config: {**config, "theirs": True},
        }
        tell_user(settings, "owner")
        told = settings["page_config_hook"](asked_by(User("alice")), {})
        assert told == {"theirs": True, OPTION: "alice"}
