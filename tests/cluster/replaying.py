"""Sends recorded requests to the fake and tells where its answers differ from the recording.

Why it exists: the fake is only worth as much as its likeness to the real API server, so each
recorded exchange is either played or left out with a reason. Must not know what is inside
the fake: it speaks HTTP.

Before two answers are compared, what differs between any two clusters is made equal: uids,
versions, times, random suffixes. A ``Status`` and a review must then be the same in full;
of other objects the recording often holds a part only, and that part must be in the answer.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict

Object = dict[str, Any]
RECORDINGS = Path(__file__).parent / "recordings"
ANYTHING = "…"
#: Headers that must agree where the recording has them.
_HEADERS = ("Content-Type", "Warning", "Retry-After", "Cache-Control")
_UNSTEADY = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r'("resourceVersion": ?)"\d+"'), r'\1"<version>"'),
    (re.compile(r'(pods \\"[a-z0-9-]+-|Pod \\"[a-z0-9-]+-)[a-z0-9]{5}\\"'), r'\1<suffix>\\"'),
    (re.compile(r'("name": ?"[a-z0-9-]+)\.[0-9a-f]{10,}"'), r'\1.<stamp>"'),
]


class Replay:
    """One recording against one server. ``tokens``: who asked → their token ("" for none)."""

    def __init__(self, topic: str, url: str, tokens: Mapping[str, str]) -> None:
        found = json.loads((RECORDINGS / f"{topic}.json").read_text("utf-8"))
        self.exchanges: list[Object] = found["exchanges"]
        self.tokens = dict(tokens)
        #: Recorded uid or name → the same object's here.
        self.ours: dict[str, str] = {}
        self.done: set[int] = set()
        self._url = url
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        who: str = "admin",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, CIMultiDict[str], Any]:
        """Send one request; returns status, headers, and the body as JSON or text."""
        sent = {key: value for key, value in (headers or {}).items() if key != "Content-Type"}
        if self.tokens[who]:
            sent["Authorization"] = f"Bearer {self.tokens[who]}"
        if body is not None:
            sent["Content-Type"] = (headers or {}).get("Content-Type", "application/json")
        text = json.dumps(body) if body is not None else None
        async with self._session.request(
            method, self._url + path, params=query, data=text, headers=sent
        ) as answer:
            raw = await answer.text()
            plain = not answer.content_type.endswith("json")
            parsed = raw if plain or not raw else _parsed(raw)
            return answer.status, CIMultiDict(answer.headers), parsed

    async def play(self, index: int) -> Any:
        """Send exchange ``index`` and compare; returns the answer's body."""
        exchange = self.exchanges[index]
        request = exchange["request"]
        status, headers, body = await self.call(
            request["method"],
            self._translated(request["path"]),
            self._translated(request.get("body")),
            who=exchange["as"],
            query=request.get("query"),
            headers=request.get("headers"),
        )
        self.done.add(index)
        differences = _compare(self._translated(exchange["response"]), status, headers, body)
        said = f"{index}: {exchange.get('note', request['path'])}"
        assert not differences, said + "\n" + "\n".join(differences)
        return body

    async def watch(self, index: int, lines: asyncio.Queue[Object], opened: asyncio.Event) -> None:
        """Open the watch of exchange ``index`` and put its events on ``lines`` until it ends."""
        exchange = self.exchanges[index]
        request = exchange["request"]
        bearer = {"Authorization": f"Bearer {self.tokens[exchange['as']]}"}
        async with self._session.get(
            self._url + request["path"],
            params=request.get("query"),
            headers={**bearer, **request.get("headers", {})},
        ) as answer:
            assert answer.status == exchange["response"]["status"], await answer.text()
            self.done.add(index)
            opened.set()
            async for line in answer.content:
                lines.put_nowait(json.loads(line))

    async def play_results(self, index: int, bodies: Mapping[str, object]) -> None:
        """Send a list of calls of which only the statuses were recorded, in order."""
        for result in self.exchanges[index]["results"]:
            await self.play_call(index, result, bodies)
        self.done.add(index)

    async def play_call(self, index: int, result: Object, bodies: Mapping[str, object]) -> None:
        """Send one of them; its body is found by what follows the namespace in its path."""
        method, target = result["call"].split(" ", 1)
        path, _, query = target.partition("?")
        pairs = dict(part.split("=", 1) if "=" in part else (part, "") for part in query.split("&"))
        status, _, body = await self.call(
            method,
            path,
            bodies.get(f"{method} {path}"),
            who=self.exchanges[index]["as"],
            query={key: value for key, value in pairs.items() if key},
            headers={"Content-Type": "application/merge-patch+json"} if method == "PATCH" else None,
        )
        assert status == result["status"], f"{index}: {result['call']}: {status} {body}"

    def finish(self, left_out: Mapping[int, str]) -> None:
        """Fail unless every exchange was played, or is left out for a reason."""
        twice = self.done & set(left_out)
        assert not twice, f"played and left out: {sorted(twice)}"
        missing = set(range(len(self.exchanges))) - self.done - set(left_out)
        assert not missing, f"neither played nor left out: {sorted(missing)}"

    def _translated(self, value: Any) -> Any:
        text = json.dumps(value)
        for recorded, ours in self.ours.items():
            text = text.replace(recorded, ours)
        return json.loads(text)

    async def version(self, path: str) -> str:
        """Return the resourceVersion of a LIST now."""
        _, _, body = await self.call("GET", path)
        return str(body["metadata"]["resourceVersion"])

    async def follow(
        self, path: str, since: str, enough: Callable[[list[Object]], bool]
    ) -> list[Object]:
        """Watch ``path`` from a version until ``enough`` happened; returns the events."""
        events: list[Object] = []
        bearer = {"Authorization": f"Bearer {self.tokens['admin']}"}
        query = {"watch": "1", **({"resourceVersion": since} if since else {})}
        async with self._session.get(self._url + path, params=query, headers=bearer) as answer:
            async for line in answer.content:
                events.append(json.loads(line))
                if enough(events):
                    return events
        raise AssertionError(f"the watch of {path} ended after {len(events)} events")

    async def until(self, path: str, enough: Callable[[dict[str, Object]], bool]) -> list[Object]:
        """Watch ``path`` until ``enough`` is there (name → object); returns the events."""
        return await self.follow(path, "", lambda events: enough(_present(events)))


def _present(events: list[Object]) -> dict[str, Object]:
    present: dict[str, Object] = {}
    for event in events:
        present[event["object"]["metadata"]["name"]] = event["object"]
        if event["type"] == "DELETED":
            del present[event["object"]["metadata"]["name"]]
    return present


def steady(value: object) -> Any:
    """Return a copy of ``value`` without what differs between any two clusters."""
    text = json.dumps(_ordered(value), ensure_ascii=False)
    for pattern, replacement in _UNSTEADY:
        text = pattern.sub(replacement, text)
    return json.loads(text)


def _ordered(value: Any) -> Any:
    """Rules of paths come in the order of a map; one is an addition of the recorded build."""
    status = value.get("status") if isinstance(value, dict) else None
    if not isinstance(status, dict) or "nonResourceRules" not in status:
        return value
    rules = sorted(status["nonResourceRules"], key=lambda rule: rule["nonResourceURLs"])
    stock = [rule for rule in rules if "/.well-known" not in rule["nonResourceURLs"]]
    return {**value, "status": {**status, "nonResourceRules": stock}}


def _parsed(raw: str) -> Any:
    try:
        return json.loads(raw)
    except json.JSONDecodeError:
        return raw


def _compare(recorded: Object, status: int, headers: CIMultiDict[str], body: Any) -> list[str]:
    found = []
    if recorded["status"] != status:
        found.append(f"status: recorded {recorded['status']}, here {status}: {body}")
    for name in _HEADERS:
        wanted = recorded.get("headers", {}).get(name)
        wanted = wanted if isinstance(wanted, list) or wanted is None else [wanted]
        here = headers.getall(name, [])
        if (wanted or []) != here and (wanted is not None or name == "Warning"):
            found.append(f"header {name}: recorded {wanted}, here {here}")
    if "body" in recorded:
        found += differences(steady(recorded["body"]), steady(body))
    if "text" in recorded and recorded["text"] != body:
        found.append(f"text: recorded {recorded['text']!r}, here {body!r}")
    return found


def differences(recorded: Any, here: Any, at: str = "", *, whole: bool = False) -> list[str]:
    """Say where ``here`` is not as ``recorded``; ``whole``: and nothing more."""
    if recorded == ANYTHING:
        return []
    if isinstance(recorded, dict) and isinstance(here, dict):
        whole = whole or _is_whole(recorded)
        found = []
        for key in recorded:
            found += differences(recorded[key], here.get(key), f"{at}.{key}", whole=whole)
        extra = [key for key in here if key not in recorded] if whole else []
        return found + [f"{at}.{key}: not recorded, here {here[key]!r}" for key in extra]
    if isinstance(recorded, list) and isinstance(here, list) and _is_cut(recorded):
        return [
            f"{at}: not here: {item!r}"
            for item in recorded[:-1]
            if all(differences(item, other, whole=whole) for other in here)
        ]
    if isinstance(recorded, list) and isinstance(here, list) and len(recorded) == len(here):
        pairs = enumerate(zip(recorded, here, strict=True))
        each = [differences(a, b, f"{at}[{index}]", whole=whole) for index, (a, b) in pairs]
        return [found for one in each for found in one]
    return [] if recorded == here else [f"{at}: recorded {recorded!r}, here {here!r}"]


def _is_cut(recorded: list[Any]) -> bool:
    """Whether the recording has only some of a long list, in any place of it."""
    return bool(recorded) and isinstance(recorded[-1], str) and recorded[-1].startswith(ANYTHING)


def _is_whole(recorded: Object) -> bool:
    kind = str(recorded.get("kind", ""))
    return kind == "Status" or kind.endswith("Review")
