"""What is too large for the cluster's objects goes through a staging area, both ways.

The pod's side is the launcher's own code; the object store is one that checks signatures.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from submarine_ext.domain.jobs import Distributed
from submarine_ext.engines.kubernetes import bundle, staging
from submarine_ext.engines.kubernetes.kinds.choose import named
from submarine_ext.engines.kubernetes.pod import files
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.errors import Invalid, Unavailable
from tests.kubernetes import signing
from tests.kubernetes.drafts import made, pods
from tests.kubernetes.test_bundle import attempt

JOB = named("job")
NOISE = os.urandom(2 * bundle.CHUNK)


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    monkeypatch.setattr(bundle, "CHUNKS", 1)


@pytest.fixture
def stored(tmp_path):
    """Settings with an object store."""
    folder = tmp_path / "store"
    folder.mkdir()
    with signing.store(folder) as options:
        yield Settings(staging_url="signing://bucket/jobs", staging_options=options)


@pytest.fixture
def claimed(tmp_path):
    """Settings with a volume; the folder is the server's view of it."""
    folder = tmp_path / "volume"
    folder.mkdir()
    return Settings(staging_claim="scratch", staging_path=str(folder))


def in_pod(cargo, settings):
    """The plan as the pod sees it: its mount is the folder of the claim."""
    told = json.loads(cargo.kit["plan.json"])
    if cargo.claim is not None:
        seen = f"{settings.staging_path}/{cargo.claim.folder}"
        told = json.loads(json.dumps(told).replace("/workspace/staged", seen))
    return told


def archive(**content):
    """A delivery of these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("where", ["stored", "claimed"])
def test_a_large_folder_reaches_the_pod(where, request, tmp_path, monkeypatch):
    settings = request.getfixturevalue(where)
    job = attempt(tmp_path / "job", {"data/noise": NOISE})
    cargo = bundle.cargo(job, settings, JOB)
    assert cargo.parts == []
    for name, value in cargo.secrets.items():
        monkeypatch.setenv(name, value)
    files.unpack(tmp_path / "none", tmp_path / "pod" / "work", in_pod(cargo, settings))
    assert (tmp_path / "pod/work/data/noise").read_bytes() == NOISE


def test_a_small_folder_stays_in_configmaps(claimed, tmp_path):
    cargo = bundle.cargo(attempt(tmp_path / "job", {"a": b"1"}), claimed, JOB)
    assert len(cargo.parts) == 1
    assert in_pod(cargo, claimed)["fetch"] is None


@pytest.mark.parametrize("where", ["stored", "claimed"])
def test_large_outputs_come_back_from_every_node(where, request, tmp_path, monkeypatch):
    settings = request.getfixturevalue(where)
    job = attempt(tmp_path / "job", distributed=Distributed(nodes=2))
    cargo = bundle.cargo(job, settings, JOB)
    for name, value in cargo.secrets.items():
        monkeypatch.setenv(name, value)
    for node in range(2):
        keeper = files.Keeper(in_pod(cargo, settings) | {"max_framed": 0}, node)
        for name, data in ((f"only-{node}", b"%d" % node), ("both", b"of %d" % node)):
            (tmp_path / f"{node}").mkdir(exist_ok=True)
            (tmp_path / f"{node}" / name).write_bytes(data)
        found = {path.name: path for path in (tmp_path / f"{node}").iterdir()}
        keeper.send(None, found, tmp_path / "spare")
        assert keeper.notes == []
    assert staging.bring(settings, cargo.name, job.artifacts) == []
    kept = {path.name: path.read_bytes() for path in job.artifacts.iterdir()}
    assert kept == {"only-0": b"0", "only-1": b"1", "both": b"of 0"}
    assert staging.bring(settings, cargo.name, tmp_path / "again") == []
    assert not (tmp_path / "again").exists()


def test_outputs_of_an_area_that_stays_away_stay_there_and_it_is_said(tmp_path, monkeypatch):
    class Away(LocalFileSystem):
        protocol = "away"
        tries = 0

        def glob(self, *_, **__):
            Away.tries += 1
            raise OSError("503 Slow Down")

    fsspec.register_implementation("away", Away, clobber=True)
    monkeypatch.setattr(staging, "PAUSE", 0)
    (said,) = staging.bring(Settings(staging_url="away://bucket"), "j-1", tmp_path)
    assert said.startswith("Outputs cannot be fetched: the object store answers 503 Slow Down.")
    assert Away.tries == staging.TRIES


def test_a_volume_that_is_not_mounted_is_not_an_empty_one(tmp_path, monkeypatch):
    """Catches a mutant that takes it for "nothing was delivered"."""
    monkeypatch.setattr(staging, "PAUSE", 0)
    settings = Settings(staging_claim="scratch", staging_path=str(tmp_path / "gone"))
    (said,) = staging.bring(settings, "j-1", tmp_path)
    assert "Outputs cannot be fetched: No such file or directory" in said


def test_urls_travel_in_the_secret_and_are_good_for_one_thing_only(stored, tmp_path):
    job = attempt(tmp_path / "job", {"noise": NOISE})
    cargo = bundle.cargo(job, stored, JOB)
    assert b"sign=" not in b"".join(cargo.kit.values())
    fetch, deliver = cargo.secrets[staging.FETCH_URL], cargo.secrets[staging.DELIVER_URLS]
    assert urlopen(fetch).read(2) == b"\x1f\x8b"
    for wrong in (Request(fetch, data=b"", method="PUT"), Request(deliver), fetch[:-1] + "x"):
        with pytest.raises(HTTPError, match="403") as refusal:
            urlopen(wrong)
        refusal.value.close()


def test_a_job_sees_its_own_folder_of_the_volume_only(claimed, tmp_path):
    cargo = bundle.cargo(attempt(tmp_path / "job"), claimed, JOB)
    (pod,) = pods(made(attempt(tmp_path / "job"), claimed, "job", claim=True)[0])
    (mount,) = (m for m in pod["spec"]["containers"][0]["volumeMounts"] if m["name"] == "staged")
    assert mount["subPath"] == cargo.claim.folder == cargo.name


EVIL = {
    "a way out": archive(**{"..__evil": b"x"}),
    "an absolute name": archive(__evil=b"x"),
    "no archive": b"nothing of the sort",
    "half an archive": archive(a=NOISE)[:5000],
}


@pytest.mark.parametrize("case", EVIL)
def test_a_delivery_is_not_trusted(case, claimed, tmp_path):
    area = staging.area(claimed)
    area.expect("j-1", 1)
    out = tmp_path / "volume/j-1/out"
    (out / "node-0.tar.gz").write_bytes(EVIL[case])
    (problem,) = area.collect("j-1", tmp_path / "artifacts")
    assert problem.startswith("Outputs of node-0 could not be unpacked: ")
    assert not list(tmp_path.rglob("evil"))
    assert not [path for path in tmp_path.glob("artifacts/**/*") if path.is_file()]


def test_a_link_in_a_delivery_or_in_its_place_is_refused(claimed, tmp_path):
    area = staging.area(claimed)
    area.expect("j-1", 2)
    out = tmp_path / "volume/j-1/out"
    linked = io.BytesIO()
    with tarfile.open(fileobj=linked, mode="w:gz") as tar:
        entry = tarfile.TarInfo("link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    (out / "node-0.tar.gz").write_bytes(linked.getvalue())
    (tmp_path / "secret.tar.gz").write_bytes(archive(stolen=b"x"))
    (out / "node-1.tar.gz").symlink_to(tmp_path / "secret.tar.gz")
    assert len(area.collect("j-1", tmp_path / "artifacts")) == 2
    assert not list(tmp_path.glob("artifacts/*"))


def test_a_store_that_cannot_presign_is_refused_in_words(tmp_path):
    settings = Settings(staging_url="memory://bucket")
    with pytest.raises(Invalid, match='"memory" cannot presign') as refusal:
        bundle.cargo(attempt(tmp_path, {"noise": NOISE}), settings, JOB)
    assert "staging_claim" in refusal.value.detail


def test_a_claim_needs_the_folder_where_this_server_sees_it():
    with pytest.raises(Invalid, match="staging_path"):
        staging.area(Settings(staging_claim="scratch"))


def test_a_volume_that_is_away_is_worth_another_try(tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(staging_claim="scratch", staging_path=str(tmp_path / "file"))
    with pytest.raises(Unavailable, match="staging area cannot be used"):
        bundle.cargo(attempt(tmp_path / "job", {"noise": NOISE}), settings, JOB)


def test_without_a_staging_area_nothing_is_told_of_one(tmp_path):
    assert staging.area(Settings()) is None
    told = in_pod(bundle.cargo(attempt(tmp_path), Settings(), JOB), Settings())
    assert (told["fetch"], told["deliver"]) == (None, None)
