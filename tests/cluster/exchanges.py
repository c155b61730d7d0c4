"""Plays recorded exchanges whose bodies are raw bytes or whose answers are streams.

On top of ``replaying``. Time may run faster: ``scale`` recorded seconds last one here.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from .replaying import Object, Replay, differences, steady


class Exchanges(Replay):
    """A recording, played by the notes of its exchanges."""

    #: Recorded seconds that pass in one second of the test.
    scale = 1.0

    async def play_raw(self, index: int, body: bytes | None = None, **changed: str) -> Any:
        """Send exchange ``index`` byte for byte and compare; returns the answer's body."""
        exchange = self.exchanges[index]
        request = exchange["request"]
        named = self._translated(request.get("headers") or {})
        headers = {**named, **self._credentials(exchange["as"])}
        content = body if body is not None else self._content(request.get("body"))
        query = {**(request.get("query") or {}), **changed}
        url, method = self._url + self._translated(request["path"]), request["method"]
        async with self._session.request(
            method, url, params=query, data=io.BytesIO(content) if content else None,
            headers=headers,
            skip_auto_headers=("Content-Type",),
        ) as answer:  # fmt: skip
            raw, recorded = await answer.read(), self._translated(exchange["response"])
            here = _parsed(raw)
            self.done.add(index)
            found = [] if answer.status == recorded["status"] else [f"status {answer.status}"]
            found += self._headers(recorded, answer.headers)
            if "body" in recorded:
                found += _bodies(recorded["body"], here)
            if "text" in recorded and recorded["text"].encode() != raw:
                found.append(f"text: recorded {recorded['text']!r}, here {raw!r}")
        self._refuse(index, found)
        return here

    async def play_stream(self, index: int) -> list[Object]:
        """Watch as recorded until the server ends it; compares and returns the events."""
        exchange = self.exchanges[index]
        request, recorded = exchange["request"], exchange["response"]
        query = dict(request["query"])
        if "timeoutSeconds" in query:
            query["timeoutSeconds"] = f"{float(query['timeoutSeconds']) / self.scale:.3f}"
        headers = {**(request.get("headers") or {}), **self._credentials(exchange["as"])}
        async with self._session.get(
            self._url + request["path"], params=query, headers=headers
        ) as answer:
            events = [json.loads(line) async for line in answer.content]
            found = [] if answer.status == recorded["status"] else [f"status {answer.status}"]
            found += self._headers(recorded, answer.headers)
        self.done.add(index)
        self._refuse(index, found + _streams(recorded["stream"], events))
        return events

    def index(self, note: str) -> int:
        """Where the exchange stands whose note begins like this."""
        found = [i for i, e in enumerate(self.exchanges) if (e.get("note") or "").startswith(note)]
        assert len(found) == 1, f"{len(found)} exchanges begin with {note!r}"
        return found[0]

    def finish_notes(self, left_out: Mapping[str, str]) -> None:
        """Like ``finish``, by the beginnings of notes."""
        self.finish({self.index(note): reason for note, reason in left_out.items()})

    def _credentials(self, who: str) -> Mapping[str, str]:
        token = self.tokens.get(who, "")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _content(self, body: object) -> bytes | None:
        if body is None or isinstance(body, str):
            return None if body is None else body.encode()
        return json.dumps(self._translated(body)).encode()

    def _headers(self, recorded: Object, here: Any) -> list[str]:
        found = []
        for name in ("Content-Type", "Warning", "Retry-After", "Cache-Control", "Vary",
                     "Content-Encoding"):  # fmt: skip
            wanted = recorded["headers"].get(name) if "headers" in recorded else None
            wanted = wanted if isinstance(wanted, list) or wanted is None else [wanted]
            given = here.getall(name, [])
            if (wanted or []) != given and (wanted is not None or name == "Warning"):
                found.append(f"header {name}: recorded {wanted}, here {given}")
        return found

    def _refuse(self, index: int, found: list[str]) -> None:
        said = self.exchanges[index].get("note") or self.exchanges[index]["request"]["path"]
        assert not found, f"{index}: {said}\n" + "\n".join(found)


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")


def _bodies(recorded: Any, here: Any) -> list[str]:
    """Differences; ``items: "5 items"`` is a count."""
    if isinstance(recorded, dict) and isinstance(recorded.get("items"), str):
        count = int(recorded["items"].split()[0])
        if len(here.get("items") or []) != count:
            return [f"items: recorded {count}, here {len(here['items'])}"]
        recorded = {**recorded, "items": "…"}
    recorded, here = _unsuffixed(steady(recorded)), _unsuffixed(steady(here))
    found = differences(recorded, here)
    if isinstance(recorded, dict) and isinstance(recorded.get("spec"), dict):
        # A spec that was recorded was recorded whole: nothing may be in it besides.
        found += differences(recorded["spec"], here.get("spec"), "spec", whole=True)
    return found


def _unsuffixed(value: Any) -> Any:
    """Without the five characters that generateName added, and without hashes of content."""
    text = re.sub(r'"gen-[a-z0-9]{5}"', '"gen-<suffix>"', json.dumps(value))
    return json.loads(re.sub(r"hash=[0-9A-F]{128}", "hash=<hash>", text))


def _streams(recorded: list[Object], here: list[Object]) -> list[str]:
    more = next((entry["more"] for entry in recorded if "more" in entry), 0)
    events = [entry["event"] for entry in recorded if "event" in entry]
    if len(here) != len(events) + more:
        return [f"recorded {len(events) + more} events, here {len(here)}: {here}"]
    return [
        text
        for number, (wanted, given) in enumerate(zip(events, here, strict=False))
        for text in differences(steady(wanted), steady(given), f"event {number}", whole=True)
    ]
