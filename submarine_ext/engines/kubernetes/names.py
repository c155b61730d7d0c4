"""How the objects of an attempt are called and labelled.

Names come from the task alone, so that a second server, or this one after a crash, finds
what is there. Labels hold only ids (their alphabet is narrow, and watches select by them);
what people wrote goes into annotations, as it is. No object is made here.
"""

from __future__ import annotations

import hashlib
import re

from submarine_ext.engines.base import Task

MANAGED = "app.kubernetes.io/managed-by"
MANAGER = "submarine-ext"
SITE = "submarine-ext/site"
TASK = "submarine-ext/task"
JOB = "submarine-ext/job-id"
PROJECT = "submarine-ext/project"
OWNER = "submarine-ext/owner"
ATTEMPT = "submarine-ext/attempt"
QUEUE = "kueue.x-k8s.io/queue-name"

# RFC 1035. Controllers add up to 24 characters ("-launcher-1023-abcde"); a host name has 63.
_LONGEST = 39
_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")


def of(task: str) -> str:
    """What everything of this attempt is called: the task's name where that is a host name.

    Other names (a test's, another year's) keep their readable part and get a hash.
    """
    if len(task) <= _LONGEST and _NAME.fullmatch(task):
        return task
    readable = re.sub(r"[^a-z0-9]+", "-", task.lower()).strip("-")[:20].strip("-")
    return f"t-{readable or 'task'}-{_digest(task.encode())}"


def label(text: str) -> str:
    """The text itself where it may be a label's value, else its hash."""
    return text if _LABEL.fullmatch(text) else f"h-{_digest(text.encode())}"


def part(name: str, content: bytes, kind: str) -> str:
    """What an owned object with this content is called: ``j0…-1-code-5f2c…``."""
    return f"{name}-{kind}-{_digest(content)}"


def labels(task: Task, site: str) -> dict[str, str]:
    """On every object of the attempt. ``site`` is the random id of this server's data."""
    return {MANAGED: MANAGER, SITE: site, TASK: label(task.name), JOB: label(task.job)}


def remarks(task: Task) -> dict[str, str]:
    """For people who look at the cluster: what they call the job's project and owner."""
    return {PROJECT: task.project, OWNER: task.owner, ATTEMPT: str(task.attempt)}


def selector(site: str) -> str:
    """The label selector of everything that this server's data knows."""
    return f"{SITE}={site}"


def ours(found: dict[str, str] | None, task: str, site: str) -> bool:
    """Whether labels say that an object is of this attempt and of this site."""
    found = found or {}
    return found.get(SITE) == site and found.get(TASK) == label(task)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
