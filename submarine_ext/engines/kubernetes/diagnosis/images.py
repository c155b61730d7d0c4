"""Why a machine does not get the container image.

Nodes say it in their container runtime's words, which differ; registries add theirs. A cause
is looked for in all of them; which image it is about is known from the pod.
"""

from __future__ import annotations

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.remedies import in_environment
from submarine_ext.engines.kubernetes.diagnosis import facts
from submarine_ext.engines.kubernetes.diagnosis.quoting import READ, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View, Weight
from submarine_ext.engines.kubernetes.kinds.base import Object

REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_PULLING = "Failed to pull image"
_FIELD = "environment"

#: Words of a cause, and what is said. The first that is found counts.
_CAUSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("pull access denied", "requested access to the resource is denied"), "closed"),
    (("toomanyrequests", "429", "rate limit"), "limit"),
    (("unauthorized", "401", "403", "forbidden", "authorization failed", "denied",
      "no basic auth"), "permission"),
    (("x509", "certificate"), "certificate"),
    (("no space left",), "space"),
    (("no match for platform", "no matching manifest", "exec format error"), "platform"),
    (("timeout", "timed out", "deadline exceeded", "connection refused", "no such host",
      "no route to host", "server misbehaving", "eof"), "away"),
    (("not found", "manifest unknown", "name unknown", "does not exist", "404"), "absent"),
)  # fmt: skip
_SAID = {
    "closed": "it does not exist, or its registry wants a login",
    "limit": "its registry lets nobody fetch more for now; it is tried again",
    "permission": "its registry refuses it: a pull secret is missing or has no right to it",
    "certificate": "its registry's certificate is not trusted by the machine",
    "space": "the machine has no disk space left for it",
    "platform": "it is not made for this machine's processor",
    "away": "its registry does not answer; it is tried again",
    "absent": "it does not exist",
}
_DO = {
    "closed": "Correct `environment`, or ask an administrator for a pull secret.",
    "permission": "Ask an administrator of this server for a pull secret.",
    "certificate": "Ask whoever runs the cluster.",
    "space": "Ask whoever runs the cluster, or choose a smaller image.",
    "platform": "Choose another image (environment).",
    "absent": "Correct `environment`.",
}
#: They pass without anybody's help.
_PASSING = frozenset({"limit", "away"})


def explain(view: View, pod: Object, waiting: Object) -> Said:
    """Why the image is not there. ``waiting`` is the container's state."""
    image = quoted(_image(view, pod), 200)
    reason = facts.text(waiting, "reason")
    if reason == "InvalidImageName":
        return _wrong(view, f"{image} is no name of a container image.", "Correct `environment`.")
    if reason == "ErrImageNeverPull":
        said = f"The image {image} is not on the machine, which may not fetch any."
        return _wrong(view, said, "Choose another image (environment).")
    message = _message(view, pod, waiting)
    cause = _cause(message)
    if cause is None:
        text = f"The image {image} cannot be fetched: {quoted(message or reason)}."
        return Said(text=text, field=_FIELD, weight=Weight.STUCK)
    text = f"The image {image} cannot be fetched: {_SAID[cause]}."
    if cause in ("absent", "closed", "platform"):
        return _wrong(view, text, _DO[cause])
    weight = Weight.BUSY if cause in _PASSING else Weight.STUCK
    return Said(text=" ".join(filter(None, [text, _DO.get(cause)])), field=_FIELD, weight=weight)


def _wrong(view: View, text: str, todo: str) -> Said:
    if view.spec.environment is None:
        todo = "It is this server's default: tell an administrator, or name another (environment)."
    return Said(text=f"{text} {todo}", remedy=_other(view), field=_FIELD, weight=Weight.STUCK)


def _other(view: View) -> JobSpec | None:
    """The same with the image that jobs get that name none."""
    same = view.spec.environment == view.settings.image
    return None if same else in_environment(view.spec, None)


def _image(view: View, pod: Object) -> str:
    named = [facts.text(status, "image") for status in facts.containers(pod)]
    return next(filter(None, named), "") or view.spec.environment or view.settings.image


def _message(view: View, pod: Object, waiting: Object) -> str:
    """The state's own; older nodes tell the cause in an event only."""
    own = facts.text(waiting, "message")
    if _cause(own) is None:
        for event in facts.about(view.events, pod):
            if facts.text(event, "message").startswith(_PULLING):
                return facts.text(event, "message")
    return own


def _cause(message: str) -> str | None:
    """Looked for outside of the image's name, which may hold any word."""
    said = message[:READ].lower()
    name, _, rest = said.partition('": ')
    said = rest or name
    found = (cause for words, cause in _CAUSES if any(word in said for word in words))
    return next(found, None)
