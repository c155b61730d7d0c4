"""Two people at one notebook: what changed, and how both versions become one."""

from __future__ import annotations

import asyncio
import json
from threading import Event
from typing import Any

from submarine_ext.domain import comparisons

PLACE = "/contents/vision/a.ipynb"


def cell(source: str, name: str, printed: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    made = {"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": outputs}
    return made | {"execution_count": None}


def book(*cells: dict[str, Any]) -> dict[str, Any]:
    content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {"type": "notebook", "format": "json", "content": content}


async def pair(people):
    """alice and bob, who both may write in the project ``vision``."""
    alice, bob = people("alice"), people("bob")
    assert (await alice("POST", "/projects", {"name": "vision"})).status == 201
    shared = await alice("PUT", "/projects/vision/grants/user:bob", {"role": "editor"})
    assert shared.status == 200, shared.body
    return alice, bob


async def saved(person, model: dict[str, Any], etag: str | None = None, place: str = PLACE) -> str:
    headers = {"If-Match": f'"{etag}"'} if etag else {}
    answer = await person("PUT", place, model, headers=headers)
    assert answer.status in (200, 201), answer.body
    return answer.headers["ETag"].strip('"')


async def versions(person, place: str = PLACE) -> list[str]:
    return [one["id"] for one in (await person("GET", f"{place}/checkpoints")).json]


class TestADifference:
    async def test_is_shown_cell_by_cell(self, people):
        alice, bob = await pair(people)
        await saved(alice, book(cell("a = 1", "a"), cell("b", "b")))
        await saved(bob, book(cell("a = 2", "a"), cell("b", "b", "ran")))
        first, second = await versions(alice)
        shown = await bob("GET", f"/projects/vision/versions/a.ipynb?from={first}&to={second}")
        assert shown.status == 200, shown.body
        found = shown.json
        assert [(c["change"], c["lines"], c["outputs_changed"]) for c in found["cells"]] == [
            ("changed", ["-a = 1", "+a = 2"], False),
            ("same", [" b"], True),
        ]
        assert (found["before"]["author"], found["after"]["author"]) == ("alice", "bob")
        assert found["operations"][0]["op"] == "patch"

    async def test_is_from_the_current_version_unless_another_is_named(self, people):
        alice, _ = await pair(people)
        for source in ("1", "2", "3"):
            await saved(alice, book(cell(source, "a")))
        first, *_ = await versions(alice)
        shown = (await alice("GET", f"/projects/vision/versions/a.ipynb?from={first}")).json
        assert shown["cells"][0]["lines"] == ["-1", "+3"]
        assert shown["after"]["current"]

    async def test_shows_internal_readers_no_outputs(self, people):
        alice, _ = await pair(people)
        await saved(alice, book(cell("a", "a", "CANARY-1")))
        await saved(alice, book(cell("b", "a", "CANARY-2")))
        await alice("PATCH", "/projects/vision", {"visibility": "internal"})
        first, second = await versions(alice)
        carol = people("carol")
        shown = await carol("GET", f"/projects/vision/versions/a.ipynb?from={first}&to={second}")
        assert shown.status == 200, shown.body
        assert b"CANARY" not in shown.body
        assert not shown.json["cells"][0]["outputs_changed"]

    async def test_with_another_files_version_is_not_found(self, people):
        alice, _ = await pair(people)
        await saved(alice, book(cell("a", "a")))
        await saved(alice, book(cell("b", "b")), place="/contents/vision/b.ipynb")
        (other,) = await versions(alice, "/contents/vision/b.ipynb")
        answer = await alice("GET", f"/projects/vision/versions/a.ipynb?from={other}")
        assert answer.status == 404

    async def test_is_like_nothing_to_strangers(self, people):
        alice, _ = await pair(people)
        await saved(alice, book(cell("a", "a")))
        (first,) = await versions(alice)
        dave = people("dave")
        hidden = await dave("GET", f"/projects/vision/versions/a.ipynb?from={first}")
        absent = await dave("GET", f"/projects/nowhere/versions/a.ipynb?from={first}")
        assert (hidden.status, hidden.body) == (absent.status, absent.body)
        assert hidden.status == 404

    async def test_that_takes_long_leaves_the_server_answering(self, people, monkeypatch):
        """Fails (500 after the time-out) where the comparison runs in the server's own loop."""
        alice, bob = await pair(people)
        for source in ("1", "2"):
            await saved(alice, book(cell(source, "a")))
        first, _ = await versions(alice)
        begun, others_served, compare = Event(), Event(), comparisons.diff

        def long(*given: Any) -> Any:
            begun.set()
            assert others_served.wait(10)
            return compare(*given)

        monkeypatch.setattr(comparisons, "diff", long)
        asked = alice("GET", f"/projects/vision/versions/a.ipynb?from={first}")
        slow = asyncio.ensure_future(asked)
        await asyncio.to_thread(begun.wait, 10)
        assert (await bob("GET", "/me")).status == 200
        others_served.set()
        assert (await slow).status == 200


class TestAMerge:
    async def clash(self, alice, bob) -> tuple[str, dict[str, Any]]:
        """Both began with the same version; alice was faster. Also: what bob was told."""
        base = await saved(alice, book(cell("a", "a"), cell("b", "b"), cell("c", "c")))
        await saved(alice, book(cell("A", "a"), cell("b", "b"), cell("c", "c")), base)
        mine = book(cell("a", "a"), cell("b", "b"), cell("C", "c"), cell("d", "d"))
        late = await bob("PUT", PLACE, mine, headers={"If-Match": f'"{base}"'})
        assert late.status == 412
        return base, late.json

    async def test_leads_from_a_save_that_was_too_late_to_one_that_has_both(self, people):
        alice, bob = await pair(people)
        base, told = await self.clash(alice, bob)
        asked = f"/projects/vision/merges/a.ipynb?base={base}&mine={told['kept']}"
        answer = await bob("GET", asked)
        assert answer.status == 200, answer.body
        found = answer.json
        assert [c["side"] for c in found["cells"]] == ["theirs", "same", "mine", "mine"]
        assert (found["conflicts"], found["etag"]) == (0, told["etag"])
        model = book(*(c["merged"] for c in found["cells"] if c["merged"]))
        model["content"] |= {key: found[key] for key in ("metadata", "nbformat", "nbformat_minor")}
        await saved(bob, model, found["etag"])
        content = (await bob("GET", PLACE)).json["content"]
        assert [one["source"] for one in content["cells"]] == ["A", "b", "C", "d"]

    async def test_names_theirs_or_takes_the_current_one(self, people):
        alice, bob = await pair(people)
        base, told = await self.clash(alice, bob)
        asked = f"/projects/vision/merges/a.ipynb?base={base}&mine={told['kept']}"
        named = await bob("GET", f"{asked}&theirs={told['current']}")
        assert named.json == (await bob("GET", asked)).json

    async def test_knows_a_base_that_the_history_does_not_list(self, people):
        """Where a project keeps no outputs, a version that was only run again is not listed."""
        alice, bob = await pair(people)
        settings = {"settings": {"version_outputs": False}}
        assert (await alice("PATCH", "/projects/vision", settings)).status == 200
        base = await saved(alice, book(cell("a", "a"), cell("b", "b")))
        await saved(alice, book(cell("a", "a", "ran"), cell("b", "b")))
        mine = book(cell("a", "a"), cell("B", "b"))
        late = (await bob("PUT", PLACE, mine, headers={"If-Match": f'"{base}"'})).json
        asked = f"/projects/vision/merges/a.ipynb?base={base}&mine={late['kept']}"
        found = (await bob("GET", asked)).json
        cells = [one["merged"] for one in found["cells"]]
        assert [one["source"] for one in cells] == ["a", "B"]
        assert cells[0]["outputs"][0]["text"] == "ran"

    async def test_without_the_version_that_both_began_with_says_what_to_do(self, people):
        alice, bob = await pair(people)
        _, told = await self.clash(alice, bob)
        asked = f"/projects/vision/merges/a.ipynb?base={'0' * 64}&mine={told['kept']}"
        answer = await bob("GET", asked)
        assert answer.status == 409
        assert "keep yours as a copy" in answer.json["detail"]

    async def test_saves_nothing(self, people):
        alice, bob = await pair(people)
        base, told = await self.clash(alice, bob)
        before = await versions(alice)
        await bob("GET", f"/projects/vision/merges/a.ipynb?base={base}&mine={told['kept']}")
        assert await versions(alice) == before

    async def test_of_texts_goes_by_lines(self, people):
        alice, bob = await pair(people)
        place = "/contents/vision/a.txt"

        def text(content: str) -> dict[str, Any]:
            return {"type": "file", "format": "text", "content": content}

        base = await saved(alice, text("a\nb\nc\n"), place=place)
        await saved(alice, text("A\nb\nc\n"), place=place)
        late = await bob("PUT", place, text("x\nb\nC\n"), headers={"If-Match": f'"{base}"'})
        asked = f"/projects/vision/merges/a.txt?base={base}&mine={late.json['kept']}"
        found = (await bob("GET", asked)).json
        assert [c["side"] for c in found["cells"]] == ["conflict", "same", "mine"]
        assert "".join(c["merged"]["source"] for c in found["cells"]) == "x\nb\nC\n"
        assert json.dumps(found["cells"][0]["theirs"]) == '{"source": "A\\n"}'
