"""What the commands about jobs do."""

from __future__ import annotations

import contextlib
import json
import math
from argparse import Namespace
from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec

from submarine_ext.cli import tables
from submarine_ext.cli.asked import Asked, asked
from submarine_ext.cli.face import Face
from submarine_ext.client.handle import JobHandle
from submarine_ext.client.jobs import spec_from
from submarine_ext.client.results import Metrics
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.errors import Invalid, Unavailable
from submarine_ext.files.packing import Bundle, packed

RECENT = 5


def run(face: Face, options: Namespace, cell: str | None) -> JobHandle | None:
    """Submit a job, or show what would be submitted."""
    what = asked(options, cell)
    if options.dry_run:
        _foresee(face, options, _show_spec(face, what))
        return None
    job = face.client.run(
        folder=what.folder, project=options.project, warn=face.warn, **what.fields
    )
    face.launched(job)
    if options.wait:
        face.wait(job)
    return job


def _show_spec(face: Face, what: Asked) -> dict[str, Any]:
    """The spec as it would be sent, but for the interpreter, which the server is asked about."""
    fields = dict(what.fields)
    if what.folder is not None:
        with packed(what.folder) as bundle:
            fields["bundle"] = bundle.sha256
            for sentence in bundle.warnings:
                face.warn(sentence)
            face.write(
                f"Would run with {bundle.files} files of {what.folder} "
                f"({human_bytes(bundle.size)} packed):\n"
            )
            _lend(face, bundle)
    spec = msgspec.to_builtins(spec_from(fields))
    face.write(json.dumps(spec, indent=2, ensure_ascii=False) + "\n")
    return fields


def _lend(face: Face, bundle: Bundle) -> None:
    """Let the server look at the code. A run would send the same bytes, so nothing is wasted."""
    with contextlib.suppress(Unavailable):  # which is said when it is asked what it knows
        face.client.upload(bundle)


def _foresee(face: Face, options: Namespace, fields: dict[str, Any]) -> None:
    """What the server knows of it beforehand. Raises what a submission would."""
    try:
        known = face.client.jobs.preflight(project=options.project, **fields)
    except Unavailable as error:
        face.warn(f"nobody could be asked whether it would run. {error.detail}")
        return
    for finding in known.findings:
        about = f"{finding.field}: " if finding.field else ""
        face.say(f"{'✗' if finding.fatal else '!'} {about}{finding.text}")
    if any(finding.fatal for finding in known.findings):
        raise Invalid(f"The engine {known.engine} cannot run it like this.")
    if not known.findings:
        face.say(f"✓ Nothing is known that would keep it from running on {known.engine}.")


def where(face: Face, _options: Namespace) -> None:
    """Who we are, the project with our role, quota and use, the engines, our latest jobs."""
    client = face.client
    me, project = client.me(), client.projects.get()
    face.show(tables.where(client.server.url, me, project, client.engines()))
    if "job:list" in project.capabilities:
        face.write("\n")
        recent = client.jobs.list(owner=me.user, limit=RECENT)
        face.show(tables.jobs_table(islice(recent, RECENT)))


def _jobs(face: Face, options: Namespace) -> None:
    limit = min(options.limit, 500)
    found = face.client.jobs.list(
        project=options.project,
        state=options.state,
        owner=options.owner,
        text=options.text,
        tag=options.tag,
        limit=limit,
    )
    jobs = list(islice(found, options.limit))
    if options.json:
        face.write(msgspec.json.format(msgspec.json.encode(jobs)).decode() + "\n")
    else:
        face.show(tables.jobs_table(jobs))


def _logs(face: Face, options: Namespace) -> None:
    job = _find(face, options)
    pieces = face.client.jobs.logs(
        job.id, follow=options.follow, rank=options.rank, attempt=options.attempt
    )
    for piece in pieces:
        face.write(piece)


def _watch(face: Face, options: Namespace) -> JobHandle:
    job = _find(face, options)
    face.watch(job)
    return job


def _stop(face: Face, options: Namespace) -> JobHandle:
    job = _find(face, options).stop(grace_seconds=options.grace)
    face.write(
        f"{job.id} {job.name}: {'stopping' if not job.job.state.terminal else job.job.state}\n"
    )
    return job


def _retry(face: Face, options: Namespace) -> JobHandle:
    job = _find(face, options).retry()
    face.launched(job)
    return job


def _metrics(face: Face, options: Namespace) -> None:
    keys = options.keys.split(",") if options.keys else []
    metrics = _find(face, options).metrics(keys=keys)
    if options.json:
        face.write(json.dumps(_wire(metrics), indent=2) + "\n")
    else:
        face.show(tables.metrics_table(metrics))


def _wire(metrics: Metrics) -> dict[str, Any]:
    """As the server sends it: what is not finite as a word, since JSON has no number for it."""
    built: dict[str, Any] = msgspec.to_builtins(metrics)
    for series in built["series"].values():
        series["value"] = [v if math.isfinite(v) else _word(v) for v in series["value"]]
    return built


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _find(face: Face, options: Namespace) -> JobHandle:
    return face.client.jobs.find(options.id, project=options.project)


COMMANDS: dict[str, Callable[[Face, Namespace], JobHandle | None]] = {
    "where": where,
    "jobs": _jobs,
    "logs": _logs,
    "watch": _watch,
    "stop": _stop,
    "retry": _retry,
    "metrics": _metrics,
}
