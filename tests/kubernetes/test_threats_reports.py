"""A job writes its own report, prints what it likes, and its pods bear labels (B22, promise 2).

Whatever it says, its end can be told: numbers that no clock and no database takes, sentences
that draw on terminals, nodes that there are not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.times import at
from submarine_ext.engines.base import Ended, Outcome, Task, Waiting
from submarine_ext.engines.kubernetes.diagnosis import refusals
from submarine_ext.engines.kubernetes.diagnosis.endings import ended
from submarine_ext.engines.kubernetes.kinds.choose import named
from submarine_ext.engines.kubernetes.placement import Placement
from submarine_ext.engines.kubernetes.pod import report
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.sights import Sight, Sights
from submarine_ext.engines.kubernetes.telling import Telling
from submarine_ext.engines.kubernetes.viewing import Eyes
from tests.kubernetes.hands import make
from tests.kubernetes.views import FAILED, spec, view

FORGED: list[dict[str, Any]] = [
    {"started": 1e300},
    {"started": -1e300},
    {"finished": 253_402_300_800.0},
    {"finished": "now"},
    {"code": 2**63},
    {"code": -(10**30)},
    {"code": 1.5},
    {"rank": 10**30},
    {"rank": -1},
    {"used": 10**4000},
    {"used": -1},
    {"cpu": -1},
    {"cpu": 1e300},
    {"notes": ["x" * 3000]},
    {"notes": 7},
    {"error": "x" * 10_000_000},
]


@pytest.mark.parametrize("lies", FORGED, ids=str)
def test_a_report_that_cannot_be_is_none(lies: dict[str, Any]) -> None:
    """Catches the mutant with bare ``int`` and ``float``: ``at(1e300)`` raises, for ever."""
    said = json.dumps({"kind": "exited", "code": 1, **lies})
    assert report.read(said) is None


@pytest.mark.parametrize(
    "lies",
    [
        {"started": 0, "finished": 253_402_300_799.0, "code": 255},
        {"oom": True, "used": 2**53, "code": -9, "rank": 65_535},
    ],
    ids=str,
)
def test_the_most_that_a_report_may_say_can_be_told(lies: dict[str, Any]) -> None:
    left = report.read(json.dumps({"kind": "exited", **lies}))
    assert left is not None
    told = ended(view(spec(memory="1Gi"), top=FAILED, reports={0: report.as_view(left)}))
    assert told.exit_code is None or -255 <= told.exit_code <= 255
    for time in (told.started, told.finished):
        assert time is None or at(time)


def task(folder: Path, nodes: int = 1) -> Task:
    return Task(name="j0-1", job="j0", attempt=1, owner="alice", project="p",
                spec=spec(nodes=nodes), folder=folder)  # fmt: skip


INDEX = "batch.kubernetes.io/job-completion-index"


@pytest.mark.parametrize(
    "labels", [{}, {INDEX: "1"}, {INDEX: "-1"}, {INDEX: "1" * 30}, {INDEX: "x"}, {INDEX: ""}]
)
def test_a_foreign_pod_with_our_labels_is_no_node(labels: dict[str, str], tmp_path: Path) -> None:
    """Catches the mutant that trusts ``kind.node``: following the job failed ever again, or
    the log of a rank that there is not was written.
    """
    sight = Sight()
    for name, own in (("ours", {INDEX: "0"}), ("theirs", labels)):
        sight.pods[name] = {"metadata": {"name": name, "uid": name, "labels": own}}
    placement = Placement(namespace="team-a", name="j0-1", kind="job")
    sights = Sights(lambda label: None)
    eyes = Eyes(task(tmp_path), Settings(), placement, named("job"), sights, sight)
    assert [(node, pod["metadata"]["name"]) for node, pod in eyes.pods()] == [(0, "ours")]


HOSTILE = "\x1b[2J\x1b]0;owned\x07no\r\nway\u202e\u2028 <img src=x onerror=alert(1)> " + "y" * 9999


async def test_reasons_are_one_line_of_text(cluster: Any, tmp_path: Path) -> None:
    """Catches the mutants of ``KubernetesEngine._end`` and ``Telling.waits`` without ``plain``:
    names of files, webhooks' words and programs' errors reach terminals, logs and pages.
    """
    engine = make(cluster, tmp_path)
    engine._end(Ended(name="j0-1", outcome=Outcome.FAILED, reason=HOSTILE))
    told = engine._observations.get_nowait()
    assert isinstance(told, Ended)
    waits: list[Any] = []
    Telling(task(tmp_path), waits.append).waits(HOSTILE)
    assert isinstance(waits[0], Waiting)
    for reason in (told.reason, waits[0].reason):
        assert reason is not None
        assert reason.isprintable()
        assert len(reason) <= 4000
        assert "no way" in reason


def test_a_spec_of_no_memory_gets_no_remedy_from_a_forged_report() -> None:
    left = report.read('{"kind":"exited","code":-9,"oom":true,"used":9007199254740992}')
    assert left is not None
    told = ended(view(JobSpec(command=["x"]), top=FAILED, reports={0: report.as_view(left)}))
    assert told.remedy is None


@pytest.mark.timeout(30)
@pytest.mark.parametrize("begin", ["", "failed quota: q: must specify "])
def test_a_refusal_that_quotes_a_long_word_is_soon_read(begin: str) -> None:
    """Webhooks and the API's validation quote what people wrote. Catches the mutants ``(\\S+) max
    limit`` and ``[\\w./-]* for``: three seconds for each look, of the whole server.
    """
    for _ in range(20):
        assert refusals.explain(view(), begin + "a" * 16_384).text
