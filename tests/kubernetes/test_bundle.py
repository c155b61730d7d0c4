"""A job's files travel whole, the same bytes for the same files, or are refused in words."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile

import pytest
from msgspec.structs import replace

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec
from submarine_ext.engines.kubernetes import bundle, objects
from submarine_ext.engines.kubernetes.kinds.choose import named
from submarine_ext.engines.kubernetes.pod import files
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.errors import Invalid, TooLarge
from tests.kubernetes.drafts import task

JOB = named("job")


def attempt(tmp_path, content=None, **fields):
    """An attempt whose work folder holds these files."""
    made = task(JobSpec(**({"command": ["true"]} | fields)))
    made = replace(made, folder=tmp_path)
    made.work.mkdir(parents=True, exist_ok=True)
    for name, data in (content or {}).items():
        path = made.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return made


def packed(folder):
    file = io.BytesIO()
    bundle.pack(folder, file)
    return file.getvalue()


def plan(cargo):
    return json.loads(cargo.kit["plan.json"])


def test_the_same_files_give_the_same_bytes(tmp_path):
    """Catches a mutant that keeps times, owners or the order of the disk."""
    content = {"b.py": b"2", "a/z.py": b"1", "a/y.py": b"", "ü.txt": b"3"}
    one = attempt(tmp_path / "1", content).work
    other = attempt(tmp_path / "2", dict(reversed(content.items()))).work
    os.utime(other / "b.py", (1, 1))
    (other / "b.py").chmod(0o600)
    assert packed(one) == packed(other)


def test_an_archive_holds_plain_files_and_folders_and_no_dot(tmp_path):
    work = attempt(tmp_path, {"run.sh": b"#!/bin/sh\n", "data/x": b"1"}).work
    (work / "run.sh").chmod(0o755)
    (work / "empty").mkdir()
    with tarfile.open(fileobj=io.BytesIO(packed(work))) as archive:
        found = {member.name: (member.mode, member.isdir(), member.mtime) for member in archive}
    assert found == {
        "data": (0o755, True, 0),
        "data/x": (0o644, False, 0),
        "empty": (0o755, True, 0),
        "run.sh": (0o755, False, 0),
    }


def test_what_the_pod_unpacks_is_what_was_packed(tmp_path):
    noise = os.urandom(2 * bundle.CHUNK)
    made = attempt(tmp_path / "here", {"a b.py": b"print()", "deep/er/noise": noise})
    cargo = bundle.cargo(made, Settings(), JOB)
    assert len(cargo.parts) == 3
    assert all(len(part) <= bundle.CHUNK for part in cargo.parts)
    mounted = tmp_path / "bundle"
    mounted.mkdir()
    for number, part in enumerate(cargo.parts):
        (mounted / f"part-{number:03}").write_bytes(part)
    files.unpack(mounted, tmp_path / "there" / "work", plan(cargo))
    assert (tmp_path / "there/work/a b.py").read_bytes() == b"print()"
    assert (tmp_path / "there/work/deep/er/noise").read_bytes() == noise


def test_an_empty_folder_travels_as_nothing(tmp_path):
    cargo = bundle.cargo(attempt(tmp_path), Settings(), JOB)
    assert cargo.parts == []
    assert plan(cargo)["fetch"] is None


def test_twice_is_the_same_cargo(tmp_path):
    made = attempt(tmp_path, {"a.py": b"1"})
    one, other = (bundle.cargo(made, Settings(), JOB) for _ in range(2))
    assert one.part_names == other.part_names
    assert one.kit_name == other.kit_name


def test_a_change_of_the_plan_is_another_kit(tmp_path):
    one = bundle.cargo(attempt(tmp_path, command=["a"]), Settings(), JOB)
    other = bundle.cargo(attempt(tmp_path, command=["b"]), Settings(), JOB)
    assert one.kit_name != other.kit_name


def test_too_large_a_folder_is_refused_with_its_size_and_what_to_leave_out(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "CHUNKS", 1)
    content = {"model.pt": os.urandom(bundle.CHUNK), "small.py": b"1", "data.bin": os.urandom(9999)}
    with pytest.raises(TooLarge) as refusal:
        bundle.cargo(attempt(tmp_path, content), Settings(), JOB)
    assert refusal.value.field == "bundle"
    said = refusal.value.detail
    assert "910" in said
    assert "900 KiB" in said
    assert said.index("model.pt (900 KiB)") < said.index("data.bin")
    assert ".submarineignore, for example with the line /model.pt" in said


def test_a_link_does_not_travel(tmp_path):
    made = attempt(tmp_path)
    (made.work / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(Invalid, match="'passwd' is a link"):
        bundle.cargo(made, Settings(), JOB)


def test_a_cell_too_long_for_the_cluster_is_refused(tmp_path):
    made = attempt(tmp_path, command=None, code="x" * 1_000_000)
    with pytest.raises(TooLarge, match="Put it into a file") as refusal:
        bundle.cargo(made, Settings(), JOB)
    assert refusal.value.field == "code"


def test_secrets_too_long_for_the_cluster_are_refused(tmp_path):
    many = replace(attempt(tmp_path), secrets={f"S{n}": "x" * 32_768 for n in range(40)})
    with pytest.raises(TooLarge) as refusal:
        bundle.cargo(many, Settings(), JOB)
    assert refusal.value.field == "secrets"


def test_the_kit_holds_no_secret(tmp_path):
    made = replace(attempt(tmp_path, {"a": b"1"}), secrets={"TOKEN": "the-value"})
    cargo = bundle.cargo(made, Settings(), JOB)
    assert cargo.secrets == {"TOKEN": "the-value"}
    assert b"the-value" not in b"".join([*cargo.parts, *cargo.kit.values()])
    assert "the-value" not in repr(cargo)


def test_a_job_that_names_no_time_gets_the_longest_that_is_allowed(tmp_path):
    given = Settings(max_timeout_seconds=100)
    assert plan(bundle.cargo(attempt(tmp_path), given, JOB))["timeout"] == 100
    own = attempt(tmp_path, timeout_seconds=5)
    assert plan(bundle.cargo(own, given, JOB))["timeout"] == 5


def test_with_mpi_the_launcher_starts_one_process(tmp_path):
    shape = Distributed(framework=Framework.MPI, nodes=4, processes_per_node=2)
    made = attempt(tmp_path, command=["mpirun", "t"], distributed=shape)
    told = plan(bundle.cargo(made, Settings(), named("mpijob")))
    assert (told["nodes"], told["processes"]) == (1, 1)


@pytest.mark.parametrize("kind", ["mpijob", "mpijob-v1"])
def test_an_mpi_worker_unpacks_the_jobs_files_before_it_lets_anybody_in(kind, tmp_path):
    shape = Distributed(framework=Framework.MPI, nodes=2)
    job = attempt(tmp_path / "job", {"a b.py": b"1"}, command=["mpirun", "t"], distributed=shape)
    cargo = bundle.cargo(job, Settings(), named(kind))
    for path, content in {f"kit/{k}": v for k, v in cargo.kit.items()}.items():
        (tmp_path / "submarine" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "submarine" / path).write_bytes(content)
    (tmp_path / "submarine/bundle").mkdir()
    (tmp_path / "submarine/bundle/part-000").write_bytes(cargo.parts[0])
    draft = objects.draft(job, Settings(), cargo, site="s", namespace="n", queue=None)
    worker = named(kind).manifest(draft)["spec"]["mpiReplicaSpecs"]["Worker"]["template"]
    script = worker["spec"]["containers"][0]["command"][2]
    script = script.replace("/submarine/", f"{tmp_path}/submarine/")
    script = script.replace("/workspace", f"{tmp_path}/workspace").replace("exec ", "echo then ")
    ran = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("then ")
    assert (tmp_path / "workspace/work/a b.py").read_bytes() == b"1"
