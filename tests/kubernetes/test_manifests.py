"""Whatever people submit, the objects are valid and stay inside what is written here by hand.

Security matrix B22 (a pod spec that is merged with what users give), B18 (injection).
Mutants in ``MUTANTS`` are broken templates; each is caught by the test named there.
"""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from submarine_ext.domain.jobs import Distributed, JobSpec
from submarine_ext.engines.kubernetes import template
from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes import drafts, schemas
from tests.kubernetes.allowed import outside
from tests.kubernetes.drafts import UID, made, pods, task

MANY = settings(max_examples=5000, deadline=None)
SOME = settings(max_examples=300, deadline=None)


# What a kubelet makes of an env value (its documented expansion), written independently.


def expanded(value: str, known: dict[str, str]) -> str:
    out, at = "", 0
    while at < len(value):
        if value.startswith("$$", at):
            out, at = out + "$", at + 2
        elif value.startswith("$(", at) and (end := value.find(")", at)) > 0:
            name = value[at + 2 : end]
            out, at = out + known.get(name, f"$({name})"), end + 1
        else:
            out, at = out + value[at], at + 1
    return out


every_kind = pytest.mark.parametrize("kind", drafts.KINDS)


@SOME
@given(case=drafts.cases)
def test_every_object_is_valid_for_the_api_server(case):
    for obj in case.made:
        assert schemas.problems(obj) == []


@MANY
@given(case=drafts.cases)
def test_nothing_of_a_spec_gets_out_of_what_is_allowed(case):
    """B22: 5,000 specs. Catches every one of MUTANTS."""
    top, *owned = case.made
    assert outside(top, case.settings) == []
    assert {obj["metadata"]["namespace"] for obj in (top, *owned)} == {"team-a"}
    for obj in owned:
        assert obj["kind"] in {"ConfigMap", "Secret", "Service"}
        assert [ref["uid"] for ref in obj["metadata"]["ownerReferences"]] == [UID]
        assert obj["metadata"]["name"].startswith(top["metadata"]["name"])


@SOME
@given(case=drafts.cases)
def test_variables_arrive_as_they_were_written(case):
    """Kubernetes expands $(NAME) in values; see the mutant that leaves it to."""
    assert arrived(case.made[0], case.task.spec) == case.task.spec.env


def arrived(top: dict[str, Any], spec: JobSpec) -> dict[str, str]:
    """The spec's variables as a process in the pod would see them."""
    found = top["spec"].get("trainer") or pods(top)[0]["spec"]["containers"][0]
    world = {"PATH": "/bin", "HOME": "/root", "X": "1"}
    return {one["name"]: expanded(one["value"], world) for one in found["env"]
            if one["name"] in spec.env and "value" in one}  # fmt: skip


@SOME
@given(seed=drafts.seeds)
def test_names_and_labels_are_valid_whatever_people_call_themselves(seed):
    random = Random(seed)
    owner, project = drafts.text(random), drafts.text(random)
    name = random.choice([f"{drafts.text(random)}-1", "j0abc-1"])
    spec = JobSpec(command=["true"], distributed=Distributed(nodes=1024))
    top, *owned = made(task(spec, owner=owner, project=project, name=name), Settings())
    assert len(f"{top['metadata']['name']}-1023") <= 63  # the host name of the last node
    for metadata in (obj["metadata"] for obj in (top, *owned)):
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", metadata["name"])
        assert len(metadata["name"]) <= 63
        for value in metadata["labels"].values():
            assert re.fullmatch(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", value)
            assert len(value) <= 63
        assert metadata["annotations"]["submarine-ext/owner"] == owner


@every_kind
def test_the_validation_of_these_tests_is_strict(kind):
    top = made(task(JobSpec(command=["true"], secrets=["A"])), Settings(), kind)[0]
    pods(top)[0]["spec"]["hostNetworking"] = True
    assert schemas.problems(top) != []


# Mutants: a broken template each, and the check that finds it.


class MergesUserFields:
    """Takes fields of the pod from a person's variables, as merging a patch would."""

    @staticmethod
    def pod(spec, *args):
        made_pod = template_pod(spec, *args)
        for name, value in spec.env.items():
            made_pod["spec"][name] = json.loads(value)
        return made_pod

    spec = JobSpec(command=["true"], env={"hostNetwork": "true"})


class LeavesTheTokenMounted:
    """Forgets that a token is mounted unless one says otherwise."""

    @staticmethod
    def pod(*args):
        made_pod = template_pod(*args)
        del made_pod["spec"]["automountServiceAccountToken"]
        return made_pod

    spec = JobSpec(command=["true"])


class MountsTheHost:
    """Shares a folder of the machine."""

    @staticmethod
    def pod(*args):
        made_pod = template_pod(*args)
        made_pod["spec"]["volumes"][1] = {"name": "workspace", "hostPath": {"path": "/scratch"}}
        return made_pod

    spec = JobSpec(command=["true"])


class TakesASecretByItsName:
    """Lets a person name any Secret of the namespace."""

    @staticmethod
    def pod(spec, *args):
        made_pod = template_pod(spec, *args)
        reference = {"secretKeyRef": {"name": spec.env["FROM"], "key": "token"}}
        made_pod["spec"]["containers"][0]["env"] = [{"name": "TOKEN", "valueFrom": reference}]
        return made_pod

    spec = JobSpec(command=["true"], env={"FROM": "default-token"})


template_pod = template.pod
MUTANTS = [MergesUserFields, LeavesTheTokenMounted, MountsTheHost, TakesASecretByItsName]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_template_that_lets_go_is_noticed(mutant, monkeypatch):
    assert outside(made(task(mutant.spec), Settings())[0], Settings()) == []
    monkeypatch.setattr(template, "pod", mutant.pod)
    assert outside(made(task(mutant.spec), Settings())[0], Settings()) != []


def test_a_template_that_leaves_references_is_noticed(monkeypatch):
    spec = JobSpec(command=["true"], env={"A": "$(PATH)"})
    assert arrived(made(task(spec), Settings())[0], spec) == {"A": "$(PATH)"}
    monkeypatch.setattr(template, "literal", lambda value: value)
    assert arrived(made(task(spec), Settings())[0], spec) == {"A": "/bin"}
