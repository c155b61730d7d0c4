"""What is undocumented does not exist for people: settings, commands, options, routes, calls."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from submarine_ext import track
from submarine_ext.api.base import Endpoint
from submarine_ext.api.routes import ROUTES
from submarine_ext.app.cluster import KubernetesEngine
from submarine_ext.app.connecting import ConnectionSettings
from submarine_ext.app.extension import SubmarineExtension
from submarine_ext.app.service import SubmarineService
from submarine_ext.app.settings import SubmarineSettings
from submarine_ext.cli.grammar import PARSERS, parser
from submarine_ext.client import Client
from submarine_ext.client.files import Files
from submarine_ext.client.handle import JobHandle
from submarine_ext.client.projects import Projects
from submarine_ext.client.secrets import Secrets
from submarine_ext.client.teams import Teams
from submarine_ext.client.users import Users
from submarine_ext.domain.jobs import JobSpec, JobState
from submarine_ext.identity.hub import HubIdentityProvider

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def own_settings() -> set[str]:
    return {
        f"{owner}.{name}"
        for owner, *kinds in (
            ("SubmarineExtension", SubmarineSettings, ConnectionSettings, SubmarineExtension),
            ("SubmarineService", SubmarineService),
            ("HubIdentityProvider", HubIdentityProvider),
            ("KubernetesEngine", KubernetesEngine),
        )
        for kind in kinds
        for name in kind.class_own_traits(config=True)
    }


def verbs(endpoint: type[Endpoint]) -> set[str]:
    return {
        verb.upper()
        for verb in ("get", "head", "post", "put", "patch", "delete")
        if hasattr(getattr(endpoint, verb), "operation")
    }


def test_every_setting_is_documented() -> None:
    text = page("reference/configuration.md")
    owners = {name.partition(".")[0] for name in own_settings()}
    assert set(re.findall(rf"`((?:{'|'.join(owners)})\.\w+)`", text)) == own_settings()


@pytest.mark.parametrize("command", PARSERS)
def test_every_command_and_its_options_are_documented(command: str) -> None:
    text = page("reference/commands.md")
    assert f"`{command}" in text
    options = {o for o in parser("submarine", command).options if o.startswith("--")} - {"--help"}
    assert {option for option in options if f"`{option}" not in text} == set()


def test_every_route_and_verb_is_documented() -> None:
    documented = set(re.findall(r"`([A-Z]+ /[^`?]*)`", page("reference/http.md")))
    served = {f"{verb} {path}" for path, endpoint in ROUTES.items() for verb in verbs(endpoint)}
    assert documented == served


def test_every_field_of_a_job_spec_is_documented() -> None:
    text = page("reference/http.md")
    assert [name for name in JobSpec.__struct_fields__ if f"`{name}`" not in text] == []


def test_every_state_is_documented() -> None:
    text = page("how-it-works.md")
    assert [state for state in JobState if f"`{state}`" not in text] == []


@pytest.mark.parametrize("resource", [Client, Projects, Files, Teams, Users, Secrets])
def test_every_call_of_the_client_is_documented(resource: type) -> None:
    text = page("reference/client.md")
    calls = {name for name in vars(resource) if not name.startswith("_")} - {"project", "server"}
    plain = {name for name in calls if re.search(rf"`[^`]*\b{name}\(", text) is None}
    assert plain == set()


def test_every_call_of_track_and_of_a_job_in_hand_is_documented() -> None:
    calls = page("reference/track.md")
    assert [name for name in track.__all__ if f"`{name}(" not in calls] == []
    members = page("reference/client.md")
    own = {name for name in vars(JobHandle) if not name.startswith("_")} - {"refresh"}
    assert {name for name in own if f"`{name}" not in members} == set()


@pytest.mark.parametrize("source", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(source: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", source.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (source.parent / target).exists()] == []


def test_every_setting_of_the_lab_is_explained() -> None:
    schema = json.loads((ROOT / "labextension/schema/lab.json").read_text())
    explained = page("lab/index.md")
    titles = [setting["title"] for setting in schema["properties"].values()]
    assert [title for title in titles if f"| {title} |" not in explained] == []
