"""Logs, metrics and artifacts: user bytes that no browser may run, and no path out."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.modes("embedded", "connected")

TRAINING = """
from submarine_ext import track
for step in range(5):
    track.log_metric("loss", 1 / (step + 1), step=step)
track.log_metric("=cmd()", 1.0, step=0)
print("<script>alert(1)</script>")
"""

MANY = """
from submarine_ext import track
for step in range(12_345):
    track.log_metrics({"a": step, "b": step}, step=step)
"""

CANARY = "canary-outside-the-artifacts"
ESCAPES = (
    "../../canary",
    "..%2f..%2fcanary",
    "%2e%2e/%2e%2e/canary",
    "%252e%252e%252f%252e%252e%252fcanary",
    "..%5c..%5ccanary",
    "..\\..\\canary",
    "%2fcanary",
    "//canary",
    "a%00b",
    "canary%00.txt",
    "..%c0%af..%c0%afcanary",
    "%e2%80%a5/canary",
    "link",
    "folder-link/canary",
    "./canary",
    "x/../../../canary",
    "C:%5ccanary",
    "file:%2f%2f%2fcanary",
    "a%23b",
    "%0a",
    "a" * 5000,
)


class TestLogs:
    async def test_are_text_that_no_browser_runs(self, call, submitted):
        job = (await submitted("echo", "<script>alert(1)</script>"))["id"]
        answer = await call("GET", f"/jobs/{job}/logs")
        assert answer.body == b"<script>alert(1)</script>\n"
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "attachment"
        assert "sandbox" in answer.headers["Content-Security-Policy"]

    async def test_are_read_piece_by_piece(self, call, submitted):
        job = (await submitted("printf", "one\\ntwo\\nthree\\n"))["id"]
        text, offset = b"", "0"
        for _ in range(3):
            answer = await call("GET", f"/jobs/{job}/logs?offset={offset}&limit=5")
            text += answer.body
            offset = answer.headers["Submarine-Next-Offset"]
        answer = await call("GET", f"/jobs/{job}/logs?offset={offset}")
        assert text + answer.body == b"one\ntwo\nthree\n"
        assert answer.headers["Submarine-Complete"] == "true"
        assert answer.headers["Submarine-Size"] == "14"

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("rank=1", "rank"),
            ("rank=../../x", "rank"),
            ("attempt=2", "attempt"),
            ("attempt=0", "attempt"),
            ("attempt=null", "attempt"),
            ("attempt=..%2f1", "attempt"),
            ("offset=x", "offset"),
            ("limit=0", "limit"),
            ("path=/etc/passwd", "path"),
        ],
    )
    async def test_bad_parameters_are_refused_by_name(self, call, submitted, query, field):
        job = (await submitted("true"))["id"]
        answer = await call("GET", f"/jobs/{job}/logs?{query}")
        assert (answer.status, answer.json["field"]) == (400, field)


class TestSearchingALog:
    async def test_finds_lines_that_reading_begins_with(self, call, submitted):
        job = (await submitted("printf", "one\\nTwo\\nthree\\ntwo more\\n"))["id"]
        found = (await call("GET", f"/jobs/{job}/logs/search?text=two")).json
        assert found == {"lines": [4, 14], "next": 23, "more": False, "size": 23, "attempt": 1}
        line = await call("GET", f"/jobs/{job}/logs?offset={found['lines'][1]}")
        assert line.body == b"two more\n"
        exact = await call("GET", f"/jobs/{job}/logs/search?text=two&case=true")
        assert exact.json["lines"] == [14]

    async def test_answers_with_so_many_and_where_to_go_on(self, call, submitted):
        job = (await submitted("printf", "a\\na\\na\\n"))["id"]
        first = (await call("GET", f"/jobs/{job}/logs/search?text=a&limit=2")).json
        assert (first["lines"], first["more"]) == ([0, 2], True)
        rest = f"/jobs/{job}/logs/search?text=a&limit=2&offset={first['next']}"
        assert (await call("GET", rest)).json["lines"] == [4]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("", "text"),
            ("text=", "text"),
            ("text=a%0Ab", "text"),
            ("text=a%00", "text"),
            ("text=" + "a" * 257, "text"),
            ("text=a&case=maybe", "case"),
            ("text=a&offset=-1", "offset"),
            ("text=a&limit=1001", "limit"),
            ("text=a&rank=1", "rank"),
            ("text=a&attempt=2", "attempt"),
            ("text=a&regex=true", "regex"),
        ],
    )
    async def test_bad_parameters_are_refused_by_name(self, call, submitted, query, field):
        job = (await submitted("true"))["id"]
        answer = await call("GET", f"/jobs/{job}/logs/search?{query}")
        assert (answer.status, answer.json["field"]) == (400, field)


class TestDownloadingALog:
    async def test_is_all_of_it_without_records_in_a_file(self, call, submitted):
        told = "from submarine_ext import track; track.progress(0.5);"
        printed = r"print('x' * 99 + '\n' * 30000)"
        job = (await submitted("python", "-c", told + printed))["id"]
        answer = await call("GET", f"/jobs/{job}/logs/download")
        assert answer.body == b"x" * 99 + b"\n" * 30_001
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        name = f'attachment; filename="{job}-attempt-1-rank-0.log"'
        assert answer.headers["Content-Disposition"] == name
        assert "sandbox" in answer.headers["Content-Security-Policy"]

    async def test_of_nothing_is_an_empty_file(self, call, submitted):
        job = (await submitted("true"))["id"]
        answer = await call("GET", f"/jobs/{job}/logs/download")
        assert (answer.status, answer.body) == (200, b"")
        assert (await call("GET", f"/jobs/{job}/logs/download?rank=1")).json["field"] == "rank"


class TestMetrics:
    async def test_come_as_json_and_as_a_table(self, call, submitted):
        job = (await submitted("python", "-c", TRAINING))["id"]
        found = (await call("GET", f"/jobs/{job}/metrics?keys=loss")).json
        assert found["series"]["loss"]["step"] == [0, 1, 2, 3, 4]
        table = await call("GET", f"/jobs/{job}/metrics?format=csv")
        lines = table.body.decode().splitlines()
        assert lines[0] == "key,step,value,time"
        assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert not [line for line in lines if line.startswith("=")], "a formula"

    async def test_a_part_of_a_series_is_read_by_steps_or_by_time(self, call, submitted):
        job = (await submitted("python", "-c", TRAINING))["id"]
        route = f"/jobs/{job}/metrics?keys=loss"
        part = (await call("GET", f"{route}&from=1&to=3")).json["series"]["loss"]
        assert part["step"] == [1, 2, 3]
        since = (await call("GET", f"{route}&by=time&from={part['time'][2]}")).json["series"]
        assert since["loss"]["step"][0] <= 3
        assert since["loss"]["step"][-1] == 4
        table = await call("GET", f"{route}&format=csv&to=1")
        assert [line.split(",")[1] for line in table.body.decode().splitlines()[1:]] == ["0", "1"]

    async def test_a_table_has_every_point_unless_fewer_are_asked_for(self, call, submitted):
        job = (await submitted("python", "-c", MANY))["id"]
        table = (await call("GET", f"/jobs/{job}/metrics?format=csv")).body.decode()
        assert len(table.splitlines()) == 1 + 2 * 12_345
        assert table.splitlines()[-1].startswith("b,12344,12344.0,")
        thin = (await call("GET", f"/jobs/{job}/metrics?format=csv&points=100&keys=a")).body
        assert len(thin.splitlines()) <= 101
        shown = (await call("GET", f"/jobs/{job}/metrics?keys=a")).json["series"]["a"]
        assert len(shown["step"]) == 1000

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("from=x", "from"),
            ("from=nan", "from"),
            ("to=inf", "to"),
            ("to=1e300", "to"),
            ("by=epoch", "by"),
            ("from=3&to=2", "from"),
            ("from=3&to=2&format=csv", "from"),
            ("begin=3", "begin"),
            ("points=1", "points"),
        ],
    )
    async def test_bad_parameters_are_refused_by_name(self, call, submitted, query, field):
        job = (await submitted("true"))["id"]
        answer = await call("GET", f"/jobs/{job}/metrics?{query}")
        assert (answer.status, answer.json["field"]) == (400, field)

    async def test_unknown_forms_are_refused(self, call):
        assert (await call("GET", "/jobs/j00000000000/metrics?format=xml")).status == 400


class TestArtifacts:
    async def test_are_listed_and_downloaded(self, call, submitted):
        make = (
            'mkdir -p "$SUBMARINE_ARTIFACTS/é d"; printf "<b>" > "$SUBMARINE_ARTIFACTS/é d/x.html"'
        )
        job = (await submitted("bash", "-c", make))["id"]
        listed = (await call("GET", f"/jobs/{job}/artifacts")).json
        assert listed == {"items": [{"path": "é d/x.html", "size": 3}], "next": None}
        answer = await call("GET", f"/jobs/{job}/artifacts/%C3%A9%20d/x.html")
        assert (answer.status, answer.body) == (200, b"<b>")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''x.html"
        assert "sandbox" in answer.headers["Content-Security-Policy"]

    async def test_a_big_one_arrives_whole(self, call, submitted):
        job = await submitted("bash", "-c", 'head -c 3000001 /dev/zero > "$SUBMARINE_ARTIFACTS/z"')
        answer = await call("GET", f"/jobs/{job['id']}/artifacts/z")
        assert answer.body == bytes(3_000_001)

    async def test_nothing_outside_the_folder_is_read(self, call, submitted, tmp_path):
        (tmp_path / "canary").write_text(CANARY)
        make = (
            f'cd "$SUBMARINE_ARTIFACTS"; ln -s {tmp_path}/canary link; '
            f"ln -s {tmp_path} folder-link; mkfifo pipe; "
            f"cp {tmp_path}/canary ../canary; cp {tmp_path}/canary ../../canary"
        )
        job = (await submitted("bash", "-c", make))["id"]
        for escape in (*ESCAPES, f"{tmp_path}/canary", "pipe"):
            answer = await call("GET", f"/jobs/{job}/artifacts/{escape}")
            assert answer.status in (400, 404), escape
            assert CANARY.encode() not in answer.body
        assert (await call("GET", f"/jobs/{job}/artifacts")).json["items"] == []
