"""The API described by itself: OpenAPI 3.1 from the declared operations and the structs.

Nothing is written twice: parameters, bodies and answers come from the same declarations
that parse and reply.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from submarine_ext import __version__
from submarine_ext.api.base import Endpoint, Guard
from submarine_ext.api.operations import Media, Operation, operation
from submarine_ext.api.problems import MEDIA_TYPE, Problem, phrase
from submarine_ext.domain.access import Capability

Routes = Mapping[str, type[Guard]]

TITLE = "submarine-ext"
_REFERENCE = "#/components/schemas/{name}"
_HEADERS = {
    405: {"Allow": "What is possible here"},
    503: {"Retry-After": "Seconds"},
}
_SECURITY = {
    "token": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "cookie": {"type": "apiKey", "in": "header", "name": "X-XSRFToken"},
}


class Description(Endpoint):
    """``/openapi.json``"""

    def initialize(self, routes: Routes, patterns: Mapping[str, str]) -> None:  # type: ignore[override]
        """Called by tornado with what the table of routes gives."""
        super().initialize()
        self._routes, self._patterns = routes, patterns

    @operation(Capability.ME_READ, answer=dict[str, Any])
    async def get(self) -> None:
        """The API described by itself."""
        await self.services.streams.sight(self.principal, "", Capability.ME_READ)
        self.set_header("Content-Type", "application/json")
        _ = self.finish(document(self._routes, self._patterns))


def document(routes: Routes, patterns: Mapping[str, str]) -> bytes:
    """The description as indented JSON; made once."""
    key = (tuple(routes.items()), tuple(patterns.items()))
    return _document(*key)


@cache
def _document(routes: tuple[Any, ...], patterns: tuple[Any, ...]) -> bytes:
    described = describe(dict(routes), dict(patterns))
    return msgspec.json.format(msgspec.json.encode(described), indent=1) + b"\n"


def describe(routes: Routes, patterns: Mapping[str, str]) -> dict[str, Any]:
    """The OpenAPI document. ``patterns`` say what the parts of a path can be."""
    types = sorted(_types(routes), key=str)
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    for component in components.values():
        if "description" in component:
            # How much of a docstring's indentation is left differs between versions of msgspec.
            component["description"] = inspect.cleandoc(component["description"])
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    paths = {
        path: {
            verb.lower(): _operation(path, verb, handler, schema_of, patterns)
            for verb, _ in sorted(handler.operations.items())
        }
        for path, handler in routes.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": __version__.partition("+")[0]},
        "servers": [{"url": "/submarine/api"}],
        "security": [{name: []} for name in _SECURITY],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


def _types(routes: Routes) -> list[Any]:
    found = {repr(Problem): Problem}
    for handler in routes.values():
        for declared in handler.operations.values():
            bodies = [declared.body, *declared.answers.values()]
            for body in bodies:
                for kind in body if isinstance(body, tuple) else (body,):
                    if kind is not None and not isinstance(kind, Media):
                        found[repr(kind)] = kind
    return list(found.values())


def _operation(
    path: str,
    verb: str,
    handler: type[Guard],
    schema_of: Mapping[str, Any],
    patterns: Mapping[str, str],
) -> dict[str, Any]:
    declared = handler.operations[verb]
    described: dict[str, Any] = {
        "operationId": f"{verb.lower()}{handler.__name__}",
        "summary": declared.summary,
        "tags": [handler.__module__.rpartition(".")[2]],
        "x-capability": str(declared.capability),
        "responses": _responses(declared, schema_of),
    }
    if declared.public:
        described["security"] = []
    parameters = [*_path_parameters(path, patterns), *_query_parameters(declared)]
    if parameters:
        described["parameters"] = parameters
    body = _body(declared, schema_of)
    if body is not None:
        described["requestBody"] = body
    return described


def _path_parameters(path: str, patterns: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{patterns[name]}$"},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameters(declared: Operation) -> list[dict[str, Any]]:
    found = []
    if declared.query is not None:
        ref = _REFERENCE
        (_,), components = msgspec.json.schema_components([declared.query], ref_template=ref)
        schema = components[declared.query.__name__]
        for name, each in schema["properties"].items():
            found.append({"name": name, "in": "query", "schema": _inlined(each, components)})
    if declared.idempotent:
        key = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": key})
    return found


def _inlined(schema: dict[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    """Without references, and without null: a query says nothing by saying nothing."""
    if "$ref" in schema:
        return dict(components[schema["$ref"].rpartition("/")[2]])
    plain = {name: value for name, value in schema.items() if value is not None}
    if "items" in plain:
        plain["items"] = _inlined(plain["items"], components)
    choices = [each for each in plain.pop("anyOf", []) if each != {"type": "null"}]
    return {**plain, **choices[0]} if choices else plain


def _body(declared: Operation, schema_of: Mapping[str, Any]) -> dict[str, Any] | None:
    if declared.upload is not None:
        binary = {"type": "string", "contentMediaType": declared.upload.type}
        return {
            "required": True,
            "description": declared.upload.description,
            "content": {declared.upload.type: {"schema": binary}},
        }
    if declared.body is None:
        return None
    needed = any(field.required for field in msgspec.structs.fields(declared.body))
    content = {"application/json": {"schema": schema_of[repr(declared.body)]}}
    return {"required": needed, "content": content}


def _responses(declared: Operation, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    answers = {
        str(status): _answer(status, body, schema_of) for status, body in declared.answers.items()
    }
    common: tuple[int, ...] = () if declared.public else (400, 403, 404, 503)
    problems = {
        str(status): _problem(status, schema_of)
        for status in sorted({*common, *declared.problems} - set(declared.answers))
    }
    return {**answers, **problems, "default": _problem(None, schema_of)}


def _answer(status: int, body: Any, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    bodies = body if isinstance(body, tuple) else (body,)
    described: dict[str, Any] = {"description": phrase(status)}
    content: dict[str, Any] = {}
    for kind in bodies:
        if isinstance(kind, Media):
            content[kind.type] = {"schema": {"type": "string", "description": kind.description}}
            if kind.headers:
                described["headers"] = _headers(kind.headers)
        elif kind is not None:
            content["application/json"] = {"schema": schema_of[repr(kind)]}
    return {**described, "content": content} if content else described


def _problem(status: int | None, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    described = {
        "description": phrase(status) if status else "Any other problem",
        "content": {MEDIA_TYPE: {"schema": schema_of[repr(Problem)]}},
    }
    headers = _HEADERS.get(status or 0)
    return {**described, "headers": _headers(headers)} if headers else described


def _headers(described: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in described.items()
    }
