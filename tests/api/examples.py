"""One valid request, at least, for each operation of each registered route.

The matrix test sends them as everybody. A route × verb that is not here fails that test, so
whoever adds a route adds its example and says who may.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from submarine_ext.api.base import VERBS
from submarine_ext.api.routes import ROUTES
from submarine_ext.domain.access import Capability as C

#: Somebody who is nobody's role in the matrix.
ZOE = "carol"

#: What stands for a part of a path where nothing was prepared.
PARTS = {
    "project": "default",
    "job": "j00000000000",
    "engine": "local",
    "sha256": "0" * 64,
    "path": "a/b.txt",
    "team": "crew",
    "user": ZOE,
    "subject": f"user:{ZOE}",
    "secret": "API_KEY",
    "version": "1",
}
#: Every route with every verb, declared or not.
DOORS = [(verb, path.format(**PARTS)) for path in ROUTES for verb in VERBS]


def _bundle() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("empty.txt"))
    return packed.getvalue()


BUNDLE = _bundle()
GZIP = {"Content-Type": "application/gzip"}
OCTETS = {"Content-Type": "application/octet-stream"}

#: Makes what the request needs, as the project's owner, and answers with parts of the path.
Prepare = Callable[..., Awaitable[dict[str, Any]]]


class Example(Struct, frozen=True, kw_only=True):
    """``needs`` differs from the declared capability where the request asks for more;
    ``also`` are letters who may besides, for a reason that stands with the example.
    ``of_a_server``: about a Jupyter server's own files, of which the team service has none.
    """

    body: Any = None
    query: str = ""
    headers: dict[str, str] = {}
    prepared: tuple[str, ...] = ()
    parts: dict[str, str] = {}
    needs: C | None = None
    also: str = ""
    of_a_server: bool = False


TEXT = {"type": "file", "format": "text", "content": "hello"}
NOTE = {"name": "n", "paragraphs": [{"text": "%python\nprint(1)"}]}
REASON = {"reason": "the disk is full of output", "minutes": 5}

EXAMPLES: dict[tuple[str, str], tuple[Example, ...]] = {
    ("GET", "/me"): (Example(),),
    ("GET", "/users"): (Example(query="?text=a"),),
    ("GET", "/users/{user}"): (Example(),),
    ("PATCH", "/users/{user}"): (Example(body={"quota": {"jobs": 5}}),),
    ("GET", "/teams"): (Example(),),
    ("POST", "/teams"): (Example(body={"name": "fresh"}),),
    ("GET", "/teams/{team}"): (Example(prepared=("team",)),),
    ("PATCH", "/teams/{team}"): (Example(prepared=("team",), body={"title": "T"}),),
    ("DELETE", "/teams/{team}"): (Example(prepared=("team",), needs=C.TEAM_CREATE),),
    ("PUT", "/teams/{team}/members/{user}"): (Example(prepared=("team",), body={}),),
    ("DELETE", "/teams/{team}/members/{user}"): (Example(prepared=("team", "teammate")),),
    ("GET", "/projects"): (Example(),),
    ("POST", "/projects"): (Example(body={"name": "fresh"}),),
    ("GET", "/projects/{project}"): (Example(),),
    ("PATCH", "/projects/{project}"): (
        Example(body={"title": "T"}),
        Example(body={"state": "archived"}, needs=C.PROJECT_CLOSE),
        Example(body={"settings": {"version_outputs": False}}),
    ),
    ("DELETE", "/projects/{project}"): (Example(),),
    ("GET", "/projects/{project}/grants"): (Example(),),
    ("PUT", "/projects/{project}/grants/{subject}"): (
        Example(parts={"subject": "user:zoe"}, body={"role": "viewer"}),
        Example(parts={"subject": "user:zoe"}, body={"role": "owner"}, needs=C.OWNER_WRITE),
    ),
    ("DELETE", "/projects/{project}/grants/{subject}"): (
        Example(parts={"subject": "user:zoe"}, prepared=("zoe",)),
    ),
    ("POST", "/projects/{project}/transfer"): (Example(body={"to": "frank"}),),
    ("DELETE", "/projects/{project}/transfer"): (
        # The receiver declines.
        Example(prepared=("offer",), needs=C.OWNER_WRITE, also="F"),
    ),
    ("POST", "/projects/{project}/transfer/accept"): (Example(body={}),),
    ("POST", "/projects/{project}/break-glass"): (Example(body=REASON),),
    ("DELETE", "/projects/{project}/break-glass"): (Example(),),
    ("GET", "/projects/{project}/secrets"): (Example(prepared=("secret",)),),
    ("PUT", "/projects/{project}/secrets/{secret}"): (Example(body={"value": "s3cret-value"}),),
    ("DELETE", "/projects/{project}/secrets/{secret}"): (Example(prepared=("secret",)),),
    ("GET", "/projects/{project}/versions/{path}"): (
        Example(prepared=("file",), query="?from={version}"),
    ),
    ("GET", "/projects/{project}/merges/{path}"): (
        Example(prepared=("file",), query="?base={etag}&mine={version}"),
    ),
    ("GET", "/projects/{project}/trash"): (Example(),),
    ("DELETE", "/projects/{project}/trash/{path}"): (Example(prepared=("trashed",)),),
    ("POST", "/projects/{project}/imports"): (Example(body={"path": "i.ipynb", "note": NOTE}),),
    ("GET", "/projects/{project}/exports/{path}"): (Example(prepared=("notebook",)),),
    ("GET", "/contents"): (Example(),),
    ("GET", "/contents/{project}"): (Example(),),
    ("POST", "/contents/{project}"): (Example(body={"type": "file", "ext": ".txt"}),),
    ("GET", "/contents/{project}/{path}"): (Example(prepared=("file",)),),
    ("POST", "/contents/{project}/{path}"): (
        Example(prepared=("folder",), body={"type": "notebook"}),
    ),
    ("PUT", "/contents/{project}/{path}"): (Example(parts={"path": "n.txt"}, body=TEXT),),
    ("PATCH", "/contents/{project}/{path}"): (
        Example(prepared=("file",), body={"path": "{project}/renamed.txt"}),
    ),
    ("DELETE", "/contents/{project}/{path}"): (Example(prepared=("file",)),),
    ("GET", "/contents/{project}/{path}/checkpoints"): (Example(prepared=("file",)),),
    ("POST", "/contents/{project}/{path}/checkpoints"): (
        Example(prepared=("file",), body={"message": "good"}),
    ),
    ("POST", "/contents/{project}/{path}/checkpoints/{version}"): (
        Example(prepared=("file",), body={}),
    ),
    ("PATCH", "/contents/{project}/{path}/checkpoints/{version}"): (
        Example(prepared=("file",), body={"message": "good"}),
    ),
    ("DELETE", "/contents/{project}/{path}/checkpoints/{version}"): (
        Example(prepared=("file", "file")),
    ),
    ("GET", "/files/{project}/{path}"): (Example(prepared=("file",)),),
    ("PUT", "/files/{project}/{path}"): (
        Example(parts={"path": "n.txt"}, body=b"hello", headers=OCTETS),
    ),
    ("GET", "/projects/{project}/jobs"): (Example(),),
    ("POST", "/projects/{project}/jobs"): (Example(body={"command": ["true"]}),),
    ("POST", "/projects/{project}/preflight"): (Example(body={"command": ["true"]}),),
    ("GET", "/jobs/{job}"): (Example(prepared=("job",)),),
    ("DELETE", "/jobs/{job}"): (
        Example(prepared=("job",), needs=C.JOB_DELETE_ANY),
        Example(prepared=("own_job",)),
    ),
    ("POST", "/jobs/{job}/stop"): (
        Example(prepared=("job",), body={}, needs=C.JOB_STOP_ANY),
        Example(prepared=("own_job",), body={}),
    ),
    ("POST", "/jobs/{job}/retry"): (Example(prepared=("own_job",), body={}),),
    ("GET", "/jobs/{job}/logs"): (Example(prepared=("job",)),),
    ("GET", "/jobs/{job}/logs/search"): (Example(prepared=("job",), query="?text=loss"),),
    ("GET", "/jobs/{job}/logs/download"): (Example(prepared=("job",)),),
    ("GET", "/jobs/{job}/metrics"): (Example(prepared=("job",)),),
    ("GET", "/jobs/{job}/artifacts"): (Example(prepared=("job",)),),
    ("GET", "/jobs/{job}/artifacts/{path}"): (Example(prepared=("job",), parts={"path": "m.txt"}),),
    ("POST", "/bundles"): (
        Example(body={"folder": ""}, of_a_server=True),
        Example(
            body={"folder": "", "project": "{project}"}, prepared=("file",), needs=C.FILE_WRITE
        ),
    ),
    ("HEAD", "/bundles/{sha256}"): (Example(prepared=("bundle",)),),
    ("PUT", "/bundles/{sha256}"): (
        Example(parts={"sha256": hashlib.sha256(BUNDLE).hexdigest()}, body=BUNDLE, headers=GZIP),
    ),
    ("GET", "/queue"): (Example(),),
    ("GET", "/engines"): (Example(),),
    ("GET", "/engines/{engine}/checks"): (Example(),),
    ("GET", "/audit"): (
        Example(query="?project={project}"),
        Example(needs=C.TEAM_READ),  # of the whole server: admins
    ),
    ("POST", "/tickets"): (Example(body={}),),
    ("GET", "/openapi.json"): (Example(),),
}

#: For probes, which carry no credential.
PROBES = {("GET", path) for path in ("/health", "/health/live", "/health/ready")}
#: Opened in other ways: WebSockets (test_revocation, test_socket, test_machines); public ones.
ELSEWHERE = {("GET", "/events"), ("GET", "/machines/{user}"), *PROBES}
