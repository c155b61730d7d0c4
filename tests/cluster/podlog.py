"""``GET …/pods/NAME/log``: which questions are refused, and what is read for the others.

The API server's part (options, containers, 204) and the node's (a container that waits, one
that never restarted). Texts and codes: recordings/logs.json, node-loss.json.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from .calls import Call
from .kubelet import Kubelet
from .logs import ContainerLog, Options
from .server import Server
from .status import Cause, Object, bad_request, failure, invalid, not_found
from .streams import Ended, Stream

CHUNK = 32 * 1024
PULLING = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}
#: option → the least value, and the words for a smaller one.
LEAST = {
    "tailLines": (0, "must be greater than or equal to 0"),
    "limitBytes": (1, "must be greater than 0"),
    "sinceSeconds": (1, "must be greater than 0"),
}


class PodLog:
    """Answers log requests from the logs that the kubelet keeps."""

    def __init__(self, server: Server, kubelet: Kubelet) -> None:
        self._server, self._kubelet = server, kubelet

    async def answer(self, call: Call, request: web.Request) -> web.StreamResponse:
        options = parse(call.name, call.query)
        record = self._server.storage.get("pods", call.namespace, call.name)
        if record is None:
            raise not_found("", "pods", call.name)
        pod = record.object
        container = _container(pod, call.query.get("container", ""))
        plain = [("Cache-Control", "no-cache, private")]
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204, headers=dict(plain))
        log = self._log(pod, container, previous=_set(call.query, "previous"))
        return await self._send(call, request, log, options)

    def _log(self, pod: Object, container: str, *, previous: bool) -> ContainerLog:
        metadata = pod["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        if pod["spec"]["nodeName"] in self._kubelet.lost:
            raise failure(
                500, "", f'Get "https://192.0.2.1:10250/containerLogs/{namespace}/{name}/{container}":'
                " dial tcp 192.0.2.1:10250: connect: connection refused",
            )  # fmt: skip
        run = self._kubelet.runs.get(metadata["uid"])
        logs = run.logs.get(container, []) if run is not None else []
        if previous:
            if len(logs) < 2:
                said = f'previous terminated container "{container}" in pod "{name}" not found'
                raise bad_request(said)
            return logs[-2]
        if not logs:
            raise bad_request(_waiting(pod, container))
        return logs[-1]

    async def _send(
        self, call: Call, request: web.Request, log: ContainerLog, options: Options
    ) -> web.StreamResponse:
        stream = Stream(self._server, call, request)
        headers = [("Cache-Control", "no-cache, private"), ("Content-Type", "text/plain")]
        try:
            await stream.begin(headers)
            async for chunk in log.read(options):
                await stream.write([chunk[at : at + CHUNK] for at in range(0, len(chunk), CHUNK)])
        except (Ended, ConnectionResetError):
            pass
        return stream.response


def parse(pod: str, query: Mapping[str, str]) -> Options:
    """The options of a request; raises as the API server refuses them."""
    faults: list[Cause] = []
    if "sinceTime" in query and "sinceSeconds" in query:
        said = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        faults.append(Cause("[]", "FieldValueForbidden", f"Forbidden: {said}"))
    for name, (least, words) in LEAST.items():
        value = _number(query, name)
        if value is not None and value < least:
            said = f"Invalid value: {value}: {words}"
            faults.append(Cause(name, "FieldValueInvalid", said))
    if "stream" in query:
        faults.append(Cause("stream", "FieldValueForbidden", "Forbidden: may not be specified"))
    since = _since(query)
    if faults:
        raise invalid("", "PodLogOptions", pod, faults)
    return Options(
        follow=_set(query, "follow"),
        timestamps=_set(query, "timestamps"),
        since=since,
        tail=_number(query, "tailLines"),
        limit=_number(query, "limitBytes"),
    )


def _set(query: Mapping[str, str], name: str) -> bool:
    """Anything but ``false`` and ``0`` is true."""
    return name in query and query[name] not in {"false", "0"}


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    try:
        return int(text) if text else None
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _since(query: Mapping[str, str]) -> int | None:
    """Nanoseconds; a time is cut to its whole second."""
    seconds = _number(query, "sinceSeconds")
    if seconds is not None:
        return time.time_ns() - seconds * 10**9
    text = query.get("sinceTime")
    if not text:
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp()) * 10**9
    except ValueError:
        layout = "2006-01-02T15:04:05Z07:00"
        said = f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"'
        raise bad_request(said) from None


def _container(pod: Object, wanted: str) -> str:
    name = pod["metadata"]["name"]
    mains = _names(pod["spec"]["containers"])
    known = [*mains, *_names(pod["spec"].get("initContainers") or ())]
    if wanted:
        if wanted not in known:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(mains) > 1:
        said = f"a container name must be specified for pod {name}, choose one of: "
        raise bad_request(f"{said}[{' '.join(known)}]")
    return mains[0]


def _names(containers: Sequence[Object]) -> list[str]:
    return [container["name"] for container in containers]


def _waiting(pod: Object, container: str) -> str:
    status = pod["status"]
    states = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    found = next((state for state in states if state["name"] == container), None)
    reason = "ContainerCreating"
    if found is not None:
        reason = found["state"].get("waiting", {}).get("reason", reason)
    said = "trying and failing to pull image" if reason in PULLING else reason
    name = pod["metadata"]["name"]
    return f'container "{container}" in pod "{name}" is waiting to start: {said}'


def install(server: Server) -> None:
    kubelet: Kubelet = server.settings.more["kubelet"]
    server.subresources["pods", "log"] = PodLog(server, kubelet).answer
