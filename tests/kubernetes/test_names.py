"""Names and labels come from the task alone and are what Kubernetes takes."""

from __future__ import annotations

from submarine_ext.domain.ids import new_job_id
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import task_name
from submarine_ext.engines.kubernetes import names
from tests.kubernetes.drafts import SITE, task


def test_an_attempts_objects_are_called_like_the_attempt():
    name = task_name(new_job_id(), 101)
    assert names.of(name) == name


def test_other_names_become_host_names_and_stay_apart():
    strange = ["Job One-1", "job one-1", "jöb-1", "", "-", "1abc-1", "x" * 200, "x" * 201, "a\n"]
    made = [names.of(name) for name in strange]
    assert len(set(made)) == len(strange)
    assert all(len(name) <= 39 for name in made)
    assert made == [names.of(name) for name in strange]


def test_content_decides_the_name_of_what_is_owned():
    one, again, other = (names.part("j-1", content, "code-0") for content in (b"a", b"a", b"b"))
    assert one == again != other
    assert one.startswith("j-1-code-0-")


def test_an_object_of_another_site_or_attempt_is_not_ours():
    labels = names.labels(task(JobSpec(command=["true"]), name="j0-1"), SITE)
    assert names.ours(labels, "j0-1", SITE)
    assert not names.ours(labels, "j0-2", SITE)
    assert not names.ours(labels, "j0-1", "another")
    assert not names.ours(None, "j0-1", SITE)


def test_what_people_wrote_stands_in_annotations_as_it_is():
    attempt = task(JobSpec(command=["true"]), owner="Ada L. <ada@example.org>", project="ü/ü")
    assert names.remarks(attempt)["submarine-ext/owner"] == "Ada L. <ada@example.org>"
    assert "ada@example.org" not in str(names.labels(attempt, SITE))
