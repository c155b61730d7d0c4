"""Jupyter's own file routes never go past the roles of projects (security.md B 4)."""

from __future__ import annotations

import json

import pytest
from traitlets import TraitError

KNOWS_PEOPLE = "submarine_ext.testing.identity.PeopleByToken"
SECRET = b"only for the project's people"


def config(data_dir, *, people: bool = True, **contents) -> dict:
    """A server's, whose people are known by their tokens or are one."""
    several = {"identity_provider_class": KNOWS_PEOPLE} if people else {}
    return {
        "ServerApp": {
            "jpserver_extensions": {"submarine_ext": True, "jupyter_server_terminals": False},
            "reraise_server_extension_failures": True,
            **several,
        },
        "SubmarineExtension": {"data_dir": str(data_dir)},
        "ContentsManager": contents,
        "PeopleByToken": {"people": {"token-alice": "alice"}},
    }


@pytest.fixture
def refused(jp_configurable_serverapp):
    """Why a server does not start."""

    def start(made: dict) -> str:
        with pytest.raises(SystemExit) as ended:
            jp_configurable_serverapp(config=made)
        assert isinstance(ended.value.__context__, TraitError)
        return str(ended.value.__context__)

    return start


@pytest.fixture
def places(tmp_path, jp_root_dir):
    """Folders that the server's root shows, by how they are spelled."""
    (tmp_path / "link").symlink_to(jp_root_dir / "linked")
    (jp_root_dir / "inward").symlink_to(tmp_path / "elsewhere")
    return {
        "below": jp_root_dir / "data",
        "the root itself": jp_root_dir,
        "around it": jp_root_dir.parent,
        "by way of": jp_root_dir / "sub" / ".." / "data",
        "a link to below": tmp_path / "link",
        "a link below": jp_root_dir / "inward",
    }


class TestDataThatAServerOfSeveralPeopleShows:
    @pytest.mark.parametrize(
        "place",
        ["below", "the root itself", "around it", "by way of", "a link to below", "a link below"],
    )
    def test_keep_it_from_starting(self, refused, places, place):
        sentence = refused(config(places[place]))
        assert sentence.startswith(f"SubmarineExtension.data_dir ({places[place]}) is among")
        assert sentence.endswith("set it to a folder outside.")

    def test_keep_it_from_starting_where_it_shows_hidden_folders(self, refused, jp_root_dir):
        hidden = jp_root_dir / ".local" / "share"
        assert "data_dir" in refused(config(hidden, allow_hidden=True))


class TestDataInAHiddenFolder:
    """As where the root is somebody's home, and everything at its default place."""

    @pytest.fixture
    def jp_server_config(self, jp_root_dir):
        return config(jp_root_dir / ".local" / "share" / "submarine")

    async def test_is_out_of_reach_of_all_file_routes(self, jp_serverapp, jp_fetch, jp_root_dir):
        place = jp_root_dir / ".local" / "share" / "submarine"
        place.mkdir(parents=True)
        (place / "secret.txt").write_bytes(SECRET)
        (jp_root_dir / "mine.txt").write_text("mine")
        path = ".local/share/submarine/secret.txt"
        visible = {"path": "taken.txt"}
        for method, route, body in (
            ("GET", f"api/contents/{path}", None),
            ("GET", "api/contents/.local/share/submarine", None),
            ("GET", f"files/{path}", None),
            ("GET", f"nbconvert/html/{path}", None),
            ("PUT", f"api/contents/{path}", {"type": "file", "format": "text", "content": "x"}),
            ("PATCH", f"api/contents/{path}", visible),
            ("PATCH", "api/contents/mine.txt", {"path": f"{path}.new"}),
            ("POST", "api/contents", {"copy_from": path}),
            ("POST", "api/contents/.local/share/submarine", {"copy_from": "mine.txt"}),
            ("DELETE", f"api/contents/{path}", None),
        ):
            answer = await jp_fetch(
                *route.split("/"),
                method=method,
                body=None if body is None else json.dumps(body),
                headers={"Authorization": "token token-alice"},
                raise_error=False,
            )
            assert answer.code >= 400, (method, route)
            assert SECRET not in answer.body, (method, route)
        assert [each.name for each in place.iterdir()] == ["secret.txt"]
        assert (place / "secret.txt").read_bytes() == SECRET


class TestData:
    @pytest.mark.parametrize("people", [True, False])
    def test_may_lie_beside_the_root(self, jp_configurable_serverapp, jp_root_dir, people):
        beside = jp_root_dir.with_name(f"{jp_root_dir.name}-data")
        assert jp_configurable_serverapp(config=config(beside, people=people))

    @pytest.mark.parametrize("hidden", [True, False])
    def test_of_one_person_may_be_shown_to_them(
        self, jp_configurable_serverapp, jp_root_dir, hidden
    ):
        made = config(jp_root_dir / "data", people=False, allow_hidden=hidden)
        assert jp_configurable_serverapp(config=made)
