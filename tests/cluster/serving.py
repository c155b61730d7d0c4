"""HTTP: one handler for every path. Reads a call, asks the hooks, lets faults happen, answers.

The only module that maps :class:`Refused` to responses. No rule of the API stands here.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from . import documents, fields, listing, streams
from .calls import Call
from .faults import Answer, Delay, Drop
from .kinds import Resource
from .patches import APPLY_PATCH, apply_patch
from .reading import (
    LARGEST,
    check_options,
    check_type,
    check_verb,
    read_call,
    read_deletion,
    read_object,
    read_patch,
    too_large,
)
from .registry import Deletion
from .selectors import matcher
from .server import Server
from .status import Object, Refused, failure, not_allowed

COMMON = {"Cache-Control": "no-cache, private"}
#: Answers larger than this are compressed for who accepts it.
COMPRESS = 128 * 1024
PARTIAL = "as=PartialObjectMetadata"


class Serving:
    """The handler of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call: Call | None = None
        try:
            call = self._read(request)
            await self._misbehave(call, request)
            response = await self._dispatch(call, request)
        except Refused as refused:
            response = self._refusal(refused, call)
        except Exception as crash:
            if not isinstance(crash, ConnectionError):  # the client went away, or a fault
                self._server.crashes.append(crash)
            raise
        if call is not None:
            await self._drop(call, request, after=True)
        return response

    def _read(self, request: web.Request) -> Call:
        user = self._server.authenticate(request)
        query = dict(request.query)
        call = read_call(self._server.kinds, request.method, request.path, query, user)
        self._server.requests[call.verb, request.path] += 1
        return call

    async def _misbehave(self, call: Call, request: web.Request) -> None:
        faults = self._server.faults
        if delay := faults.take(Delay, call):
            await asyncio.sleep(delay.seconds)
        await self._drop(call, request, after=False)
        if answer := faults.take(Answer, call):
            raise refusing(answer)

    async def _drop(self, call: Call, request: web.Request, *, after: bool) -> None:
        waiting = [f for f in self._server.faults.active if isinstance(f, Drop)]
        if not any(fault.after == after and fault.when(call) for fault in waiting):
            return
        self._server.faults.take(Drop, call)
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError

    async def _dispatch(self, call: Call, request: web.Request) -> web.StreamResponse:
        if call.resource is None:
            self._server.authorize(call)
            return documents.answer(self._server, call, request)
        check_verb(call)
        self._server.authorize(call)
        check_options(call)
        if call.resource.deprecated:
            call.warn(call.resource.deprecated)
        if call.subresource and call.subresource != "status":
            return await self._subresource(call, request)
        if call.verb == "watch":
            return await streams.watch(self._server, call, request, headers(call))
        if call.verb in {"get", "list"}:
            return self._read_only(call, request)
        return await self._write(call, request)

    async def _subresource(self, call: Call, request: web.Request) -> web.StreamResponse:
        handler = self._server.subresources.get((call.served.id, call.subresource))
        if handler is None:
            raise not_allowed()
        return await handler(call, request)

    def _read_only(self, call: Call, request: web.Request) -> web.StreamResponse:
        partial = partial_wanted(request, call)
        resource = call.served
        if call.verb == "get":
            record = self._server.registry.get(call)
            return reply(call, listing.encode(resource, record, metadata_only=partial), request)
        wanted = self._listing(call, partial=partial)
        return reply(call, listing.answer(self._server.storage, wanted), request)

    def _listing(self, call: Call, *, partial: bool) -> listing.Listing:
        query = call.query
        labels, chosen = query.get("labelSelector", ""), query.get("fieldSelector", "")
        return listing.Listing(
            call.served,
            call.namespace,
            matcher(labels, chosen, call.served),
            selective=bool(labels or chosen),
            limit=int(query.get("limit") or 0),
            token=query.get("continue", ""),
            version=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
            metadata_only=partial,
        )

    async def _write(self, call: Call, request: web.Request) -> web.StreamResponse:
        raw = await body_of(request)
        media = request.headers.get("Content-Type", "")
        if call.verb in {"delete", "deletecollection"}:
            return self._delete(call, raw, request)
        if call.verb == "patch":
            return self._patch(call, raw, media, request)
        obj, twice = read_object(raw, media, call.served.kind)
        check_type(call.served, obj)
        fields.check(self._server, call, obj, twice)
        if call.verb == "update":
            return reply(call, named(call.served, self._server.registry.update(call, obj)), request)
        review = self._server.reviews.get(call.served.id)
        make = self._server.registry.create if review is None else review
        return reply(call, named(call.served, make(call, obj)), request, status=201)

    def _patch(
        self, call: Call, raw: bytes, media: str, request: web.Request
    ) -> web.StreamResponse:
        kind, patch = read_patch(raw, media, call.served)
        if kind == APPLY_PATCH:
            raise failure(415, "UnsupportedMediaType", "server-side apply is not served here")

        def changed(obj: Object) -> Object:
            found = apply_patch(kind, obj, patch)
            fields.check(self._server, call, found, [])
            return found

        return reply(call, named(call.served, self._server.registry.change(call, changed)), request)

    def _delete(self, call: Call, raw: bytes, request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(raw) if raw.strip() else {}
        deletion = read_deletion(call, body)
        if call.served.id == "jobs.batch" and deletion.propagation is None:
            call.warn(
                "child pods are preserved by default when jobs are deleted; set"
                " propagationPolicy=Background to remove them or set propagationPolicy=Orphan to"
                " suppress this warning"
            )
        if call.verb == "deletecollection":
            return self._delete_all(call, deletion, request)
        obj, gone = self._server.registry.delete(call, deletion)
        if gone and call.dry_run:
            nothing = {"kind": "Status", "metadata": {}, "status": "Success"}
            return reply(call, msgspec.json.encode(nothing), request)
        if gone and call.served.id != "pods":
            return reply(call, msgspec.json.encode(deleted(call.served, obj)), request)
        return reply(call, named(call.served, obj), request)

    def _delete_all(
        self, call: Call, deletion: Deletion, request: web.Request
    ) -> web.StreamResponse:
        wanted = self._listing(call, partial=False)
        body = listing.answer(self._server.storage, wanted)
        for record in self._server.storage.records(call.served.id, call.namespace):
            if wanted.matches(record.object):
                namespace, name = record.key
                one = Call("delete", call.user, call.resource, namespace, name)
                one.dry_run = call.dry_run
                self._server.registry.delete(one, deletion)
        return reply(call, body, request)

    def _refusal(self, refused: Refused, call: Call | None) -> web.StreamResponse:
        found = {**COMMON, **refused.headers}
        if call is not None and call.warnings:
            return _with_warnings(refused, found, call)
        return _refusal(refused, found)


def _with_warnings(refused: Refused, found: dict[str, str], call: Call) -> web.StreamResponse:
    response = _refusal(refused, found)
    for text in call.warnings:
        response.headers.add("Warning", warning(text))
    return response


def _refusal(refused: Refused, found: dict[str, str]) -> web.Response:
    if refused.body is None:
        return web.Response(
            status=refused.code,
            text=refused.text,
            headers={**found, "Content-Type": "text/plain; charset=utf-8"},
        )
    return web.Response(
        status=refused.code,
        body=msgspec.json.encode(refused.body),
        headers={**found, "Content-Type": "application/json"},
    )


def refusing(answer: Answer) -> Refused:
    """429 as the recordings have it; anything else as a Status."""
    after = {} if answer.retry_after is None else {"Retry-After": f"{answer.retry_after:g}"}
    if answer.status == 429:
        text = "Too many requests, please try again later.\n"
        return Refused(429, text=text, headers=after)
    reason = {503: "ServiceUnavailable", 500: "InternalError", 504: "Timeout"}
    message = "apiserver is shutting down" if answer.status == 503 else "an error on the server"
    refused = failure(answer.status, reason.get(answer.status, ""), message)
    refused.headers.update(after)
    return refused


async def body_of(request: web.Request) -> bytes:
    """The whole body; 413 above the limit, before it is read where its length is told."""
    if (request.content_length or 0) > LARGEST:
        raise too_large()
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None


def partial_wanted(request: web.Request, call: Call) -> bool:
    """Whether metadata alone is asked for; 406 for what cannot be given."""
    accept = request.headers.get("Accept", "*/*")
    if PARTIAL in accept:
        whole_list = f"{PARTIAL}List" in accept
        if call.verb == "list" and not whole_list:
            message = (
                "you requested PartialObjectMetadata, but the requested object is a list"
                f" (*core.{call.served.kind}List)"
            )
            raise failure(406, "NotAcceptable", message)
        return True
    if not any(kind in accept for kind in ("*/*", "application/json", "application/*")):
        message = (
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml,"
            " application/vnd.kubernetes.protobuf, application/json;stream=watch,"
            " application/vnd.kubernetes.protobuf;stream=watch"
        )
        raise failure(406, "NotAcceptable", message, {})
    return False


def headers(call: Call) -> list[tuple[str, str]]:
    found = [*COMMON.items(), ("Content-Type", "application/json")]
    return [*found, *(("Warning", warning(text)) for text in call.warnings)]


def warning(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'


def reply(call: Call, body: bytes, request: web.Request, status: int = 200) -> web.Response:
    found = headers(call)
    if len(body) > COMPRESS and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, 1)
        found += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    response = web.Response(status=status, body=body)
    for name, value in found:
        if name == "Content-Type":
            response.headers[name] = value
        else:
            response.headers.add(name, value)
    return response


def named(resource: Resource, obj: Mapping[str, Any]) -> bytes:
    rest = {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}}
    head = {"kind": resource.kind, "apiVersion": resource.api_version}
    return msgspec.json.encode({**head, **rest})


def deleted(resource: Resource, obj: Object) -> Object:
    """The Status of a deletion that is complete."""
    details = {
        "name": obj["metadata"]["name"],
        "group": resource.group,
        "kind": resource.plural,
        "uid": obj["metadata"]["uid"],
    }
    kept = {key: value for key, value in details.items() if value}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": kept}  # fmt: skip
