"""Which kubeconfig is read, and that one from people's files never is (kubeconfig is code)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from submarine_ext.engines.kubernetes.credentials import ClusterUnusable, load
from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes.kubeconfigs import (
    SERVER,
    V1,
    around,
    fields,
    program,
    with_token,
)
from tests.kubernetes.scripted import (
    kubeconfig,
)


def test_the_traits_path_wins_over_the_environment_and_the_home_folder(home: Path) -> None:
    default = with_token(home / ".kube/config", "of-home")
    listed = with_token(home / ".other/config", "of-environment")
    chosen = with_token(home / ".third/config", "of-trait")
    environment = around(home, KUBECONFIG=str(listed))
    assert load(Settings(), around(home)).authorization == "Bearer of-home"
    assert load(Settings(), environment).authorization == "Bearer of-environment"
    found = load(Settings(kubeconfig=str(chosen)), environment)
    assert found.authorization == "Bearer of-trait"
    assert found.host == SERVER
    assert found.namespace == "team-a"
    assert str(chosen) in found.source
    assert str(default) not in found.source


def test_a_list_of_files_is_merged_and_the_first_wins(home: Path, tmp_path: Path) -> None:
    first = with_token(tmp_path / "a/config", "first")
    second = tmp_path / "b/config"
    with_token(second, "second")
    content = json.loads(second.read_text())
    extra = {"name": "extra", "context": {"cluster": "c", "user": "v"}}
    content["contexts"].append(extra)
    content["users"].append({"name": "v", "user": {"tokenFile": "token.txt"}})
    second.write_text(json.dumps(content))
    (tmp_path / "b/token.txt").write_text("from-a-file")
    listed = around(home, KUBECONFIG=f"{first}{os.pathsep}{tmp_path}/none{os.pathsep}{second}")
    assert load(Settings(), listed).authorization == "Bearer first"
    found = load(Settings(context="extra", namespace="mine"), listed)
    assert (found.authorization, found.namespace) == ("Bearer from-a-file", "mine")
    assert found.renew_at is not None  # the file is read again


def test_without_any_file_the_sentence_says_what_to_set(home: Path) -> None:
    with pytest.raises(ClusterUnusable, match=r"KubernetesEngine\.kubeconfig"):
        load(Settings(), around(home))
    with pytest.raises(ClusterUnusable, match="There is no kubeconfig /nowhere/config"):
        load(Settings(kubeconfig="/nowhere/config"), around(home))
    with_token(home / ".kube/config", "t")
    with pytest.raises(ClusterUnusable, match="'other'"):
        load(Settings(context="other"), around(home))


@pytest.mark.parametrize("name", ["config", "./config", "../config"])
def test_a_relative_path_is_refused(name: str, home: Path) -> None:
    for settings, environment in (
        (Settings(kubeconfig=name), around(home)),
        (Settings(), around(home, KUBECONFIG=name)),
    ):
        with pytest.raises(ClusterUnusable, match="relative path"):
            load(settings, environment)


@pytest.mark.parametrize("inside", ["work/config", "config", ".kube/../config", "link/config"])
def test_a_kubeconfig_among_peoples_files_is_never_loaded(inside: str, home: Path) -> None:
    """The canary in it would run, were it loaded; also when the command is allowed."""
    canary = home / ".ran"
    (home / ".kube").mkdir()
    (home / "work").mkdir()
    (home / "link").symlink_to(home / "work")
    path = Path(os.path.normpath(home / inside))
    plugin = program(home / ".plugin", f"touch {canary}")
    kubeconfig(path, SERVER, {"exec": {"command": str(plugin), "apiVersion": V1}})
    settings = Settings(forbidden_folders=[str(home)], credential_plugins=[str(plugin)])
    for one in (
        (Settings(**{**fields(settings), "kubeconfig": f"{home}/{inside}"}), around(home)),
        (settings, around(home, KUBECONFIG=f"{home}/{inside}")),
    ):
        with pytest.raises(ClusterUnusable, match="where people keep their work"):
            load(*one)
    assert not canary.exists()


def test_links_do_not_hide_where_a_kubeconfig_lies(home: Path, tmp_path: Path) -> None:
    outside = with_token(tmp_path / "outside/config", "t")
    with_token(home / "work/config", "t")
    (home / ".kube").mkdir()
    (home / ".kube/config").symlink_to(home / "work/config")
    (home / "looks-fine").symlink_to(outside)
    (tmp_path / "elsewhere").symlink_to(home / "work")
    settings = {"forbidden_folders": [str(home)]}
    for path in (home / ".kube/config", home / "looks-fine", tmp_path / "elsewhere/config"):
        with pytest.raises(ClusterUnusable, match="where people keep their work"):
            load(Settings(kubeconfig=str(path), **settings), around(home))
    assert load(Settings(kubeconfig=str(outside), **settings), around(home)).host == SERVER


def test_a_hidden_folder_of_the_workspace_is_fine(home: Path) -> None:
    with_token(home / ".kube/config", "t")
    assert load(Settings(forbidden_folders=[str(home)]), around(home)).host == SERVER


@pytest.mark.parametrize("text", ["", "[]", "{", "a: !!python/object:os.system x", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_said_to_be_none(text: str, home: Path) -> None:
    (home / "config").write_text(text)
    with pytest.raises(ClusterUnusable, match=r"kubeconfig|current context"):
        load(Settings(kubeconfig=str(home / "config")), around(home))
