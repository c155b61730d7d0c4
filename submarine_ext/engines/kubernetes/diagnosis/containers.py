"""Why a container that has a machine does not begin: its configuration, its volumes."""

from __future__ import annotations

import re

from submarine_ext.engines.kubernetes.diagnosis import facts, images
from submarine_ext.engines.kubernetes.diagnosis.quoting import READ, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View, Weight
from submarine_ext.engines.kubernetes.kinds.base import Object

_ABSENT = re.compile(r'(secret|configmap) "([^"]{1,253})" not found', re.IGNORECASE)
_NO_KEY = re.compile(r"couldn't find key (\S{1,253}) in (ConfigMap|Secret) (\S{1,510})")
_VOLUME = re.compile(r'for volume "([^"]{1,253})"')
_UNMOUNTED = re.compile(r"unmounted volumes=\[([^\]]{1,253})\]")
_AGAIN = re.compile(r"back-off (\S{1,20}) restarting")
_STORAGE = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_SANDBOX = ("FailedCreatePodSandBox", "NetworkNotReady")
_ADMIN = "Ask an administrator of this server."


def explain(view: View, pod: Object) -> Said | None:
    """What the pod's first container that does not run waits for; None: all of them run."""
    waiting = facts.waiting(pod)
    reason = facts.text(waiting, "reason")
    if not waiting:
        return None
    if reason in images.REASONS:
        return images.explain(view, pod, waiting)
    message = facts.text(waiting, "message")
    if reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        return _configuration(view, message or reason)
    if reason == "CrashLoopBackOff":
        return _crashing(pod, message)
    if reason in ("ContainerCreating", "PodInitializing"):
        return creating(view, pod)
    return Said(text=f"A machine prepares it: {quoted(message or reason)}.", weight=Weight.BUSY)


def _configuration(view: View, message: str) -> Said:
    message = message[:READ]
    if key := _NO_KEY.search(message):
        what = _what(key[2])
        text = f"The {what} {quoted(key[3].rpartition('/')[2])} has no {quoted(key[1])}"
    elif absent := _ABSENT.search(message):
        text = f"The {_what(absent[1])} {quoted(absent[2])} is missing"
    elif "runAsNonRoot" in message:
        return _root(message)
    else:
        text = f"It cannot be started on its machine: {quoted(message)}"
        return Said(text=f"{text}. {_ADMIN}", weight=Weight.STUCK)
    return Said(text=f"{text} in {view.namespace}. {_ADMIN}", weight=Weight.STUCK)


def _what(kind: str) -> str:
    return "secret" if kind.lower() == "secret" else "configuration"


def _root(message: str) -> Said:
    runs = "names its user by a word" if "non-numeric" in message else "runs as root"
    text = (
        f"The image {runs}, which the cluster's policy forbids: choose an image with a numeric "
        "user other than 0, or ask an administrator to set KubernetesEngine.run_as_user."
    )
    return Said(text=text, field="environment", weight=Weight.STUCK)


def _crashing(pod: Object, message: str) -> Said:
    code = facts.terminated(pod).get("exitCode")
    again = _AGAIN.search(message[:READ])
    ended = "It ended" if code is None else f"It ended with code {code}"
    when = f" in {again[1]}" if again else ""
    return Said(text=f"{ended} and is started again{when}.", weight=Weight.STUCK)


def creating(view: View, pod: Object) -> Said:
    """What a pod that has a machine, and no container yet, waits for."""
    for event in facts.about(view.events, pod):
        reason, message = facts.text(event, "reason"), facts.text(event, "message")[:READ]
        if reason in _STORAGE:
            return _storage(view, message)
        if reason in _SANDBOX:
            text = f"Its machine cannot set it up yet: {quoted(message)}."
            return Said(text=text, weight=Weight.BUSY)
    return Said(text="A machine was found; it fetches the image and prepares the job.")


def _storage(view: View, message: str) -> Said:
    """Our own ConfigMaps may come after the pod, so this can pass by itself."""
    if absent := _ABSENT.search(message):
        what = f"the {_what(absent[1])} {quoted(absent[2])}, which is not in {view.namespace} yet"
        return Said(text=f"Waiting for {what}.", weight=Weight.BUSY)
    named = _VOLUME.search(message) or _UNMOUNTED.search(message)
    volume = f" {quoted(named[1])}" if named else ""
    if "Multi-Attach" in message:
        text = f"Waiting for storage{volume}: another machine still uses it."
    elif "timed out" in message:
        text = f"Waiting for storage{volume}, which does not come in time; it is tried again."
    else:
        text = f"Waiting for storage{volume}: {quoted(message)}."
    return Said(text=text, weight=Weight.BUSY)
