"""Joins access to the server: who asks is settled first, then whether they may.

Why it exists: the order matters. An API group that is not there answers 403 to who has no
rights on it, before routing; an overloaded server answers 429 before 403.
Options: ``anonymous`` (on), and ``constrained_seconds``, for how long a constrained
impersonation is remembered (10).
Must not know: what a request does once it is allowed.
"""

from __future__ import annotations

import json
from functools import partial

from aiohttp import web

from .access import Access
from .calls import Call, User
from .cluster_roles import built_in
from .kinds import AUTHENTICATION, AUTHORIZATION, Kinds
from .rbac import Attributes
from .reading import _namespace, _resource_path, _verb
from .reviews import review, token_request
from .server import Server
from .status import Object, bad_request, failure

_REVIEWS = {
    AUTHENTICATION: ("selfsubjectreviews", "tokenreviews"),
    AUTHORIZATION: (
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
    ),
}


def install(server: Server) -> None:
    """Set the server's authentication, its reviews and the tokens of ServiceAccounts."""
    options = server.settings.more
    access = Access(server.storage, server.tokens)
    access.anonymous = options.get("anonymous", True)
    access.impersonation.memory = options.get("constrained_seconds", 10.0)
    server.authenticate = partial(_user, access, server.kinds)
    server.authorize = lambda call: access.demand(call.user, _asked(call))
    for group, plurals in _REVIEWS.items():
        for plural in plurals:
            server.reviews[f"{plural}.{group}"] = partial(_review, access)
    server.subresources["serviceaccounts", "token"] = partial(_token, access)
    server.subresources["pods", "exec"] = _exec
    for resource, obj in built_in():
        server.inside("rbac").create(resource, "", obj)


def _user(access: Access, kinds: Kinds, request: web.Request) -> User:
    """Return who asks. What is not served is authorized here: routing would answer 404."""
    asked, version = attributes(request)
    user = access.acting(access.authenticate(request.headers), request.headers, asked)
    if not asked.path and kinds.find(asked.group, version, asked.resource) is None:
        access.demand(user, asked)
    return user


def _asked(call: Call) -> Attributes:
    if call.resource is None:
        return Attributes(call.verb, path=call.path)
    name = call.name or _chosen(call.query.get("fieldSelector", ""))
    namespace = call.name if call.resource.id == "namespaces" else call.namespace
    resource = call.resource
    return Attributes(call.verb, resource.plural, resource.group, namespace, name, call.subresource)


def attributes(request: web.Request) -> tuple[Attributes, str]:
    """Return what a request asks for, whether its resource is served or not, and the version."""
    found = _resource_path(request.path)
    if found is None:
        return Attributes(request.method.lower(), path=request.path), ""
    group, version, rest = found
    namespace, rest = _namespace(rest)
    plural, name, subresource = (*rest, "", "")[:3]
    verb = _verb(request.method, name, request.query)
    if plural == "namespaces" and name:
        namespace = name
    name = name or _chosen(request.query.get("fieldSelector", ""))
    return Attributes(verb, plural, group, namespace, name, subresource), version


def _chosen(selector: str) -> str:
    """A list of one name asks for that name."""
    key, _, name = selector.partition("=")
    return name.lstrip("=") if key == "metadata.name" and "," not in name else ""


def _review(access: Access, call: Call, body: Object) -> Object:
    return review(access, call.served.kind, body, call.user, call.namespace)


async def _token(access: Access, call: Call, request: web.Request) -> web.StreamResponse:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise bad_request("the body is no TokenRequest") from None
    answer = token_request(access, call.namespace, call.name, body)
    return web.json_response(answer, status=201, headers={"Cache-Control": "no-cache, private"})


async def _exec(call: Call, request: web.Request) -> web.StreamResponse:
    """Nothing runs in pods here: what stands before that is refused as it should be."""
    if "upgrade" not in request.headers.get("Connection", "").lower():
        raise bad_request("Upgrade request required")
    raise failure(404, "NotFound", "the server could not find the requested resource", {})
