"""Pod Security Standards, baseline and restricted, in the API server's words.

Why it exists: pods of a restricted namespace are refused and Jobs only warned, and the engine
shows either text. Must not know: namespaces, requests, how a text reaches a client.
Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ and
recordings/quota-limits-podsecurity.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]
Check = Callable[[Object], str]

_DEFAULT_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_PLAIN_VOLUMES = frozenset(
    [
        "name",
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
_PROFILES = ("RuntimeDefault", "Localhost")
_TYPE = 'securityContext.seccompProfile.type to "Unconfined"'
_SET_PROFILE = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'


def violations(spec: Object, level: str) -> str:
    """Say what of a pod's ``spec`` breaks ``level``; empty when nothing does."""
    found = (check(spec) for check in _CHECKS[level])
    return ", ".join(text for text in found if text)


def _containers(spec: Object) -> Iterator[Object]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(kind) or []


def _context(part: Object) -> Object:
    return part.get("securityContext") or {}


def _where(spec: Object, bad: Callable[[Object], bool]) -> list[str]:
    return [str(container["name"]) for container in _containers(spec) if bad(_context(container))]


def _named(names: list[str], noun: str = "container") -> str:
    return f"{noun}{'s' if len(names) > 1 else ''} " + ", ".join(f'"{name}"' for name in names)


def _host_namespaces(spec: Object) -> str:
    used = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    return f"host namespaces ({', '.join(used)})" if used else ""


def _host_path(spec: Object) -> str:
    names = [volume["name"] for volume in spec.get("volumes") or [] if "hostPath" in volume]
    return f"hostPath volumes ({_named(names, 'volume')})" if names else ""


def _host_ports(spec: Object) -> str:
    ports = {
        container["name"]: [
            p["hostPort"] for p in container.get("ports") or [] if p.get("hostPort")
        ]
        for container in _containers(spec)
    }
    names = [name for name, used in ports.items() if used]
    numbers = sorted({port for used in ports.values() for port in used})
    if not names:
        return ""
    uses = "uses" if len(names) == 1 else "use"
    listed = ", ".join(str(number) for number in numbers)
    return f"hostPort ({_named(names)} {uses} hostPort{'s' if len(numbers) > 1 else ''} {listed})"


def _privileged(spec: Object) -> str:
    names = _where(spec, lambda context: bool(context.get("privileged")))
    if not names:
        return ""
    return f"privileged ({_named(names)} must not set securityContext.privileged=true)"


def _added(spec: Object, allowed: frozenset[str]) -> str:
    names: list[str] = []
    capabilities: set[str] = set()
    for container in _containers(spec):
        extra = set((_context(container).get("capabilities") or {}).get("add") or []) - allowed
        if extra:
            names.append(container["name"])
            capabilities |= extra
    if not names:
        return ""
    listed = ", ".join(f'"{capability}"' for capability in sorted(capabilities))
    return f"{_named(names)} must not include {listed} in securityContext.capabilities.add"


def _default_capabilities(spec: Object) -> str:
    added = _added(spec, _DEFAULT_CAPABILITIES)
    return f"non-default capabilities ({added})" if added else ""


def _no_capabilities(spec: Object) -> str:
    kept = _where(
        spec, lambda context: "ALL" not in ((context.get("capabilities") or {}).get("drop") or [])
    )
    said = [f'{_named(kept)} must set securityContext.capabilities.drop=["ALL"]'] if kept else []
    added = _added(spec, frozenset({"NET_BIND_SERVICE"}))
    said += [added] if added else []
    return f"unrestricted capabilities ({'; '.join(said)})" if said else ""


def _escalation(spec: Object) -> str:
    names = _where(spec, lambda context: context.get("allowPrivilegeEscalation") is not False)
    if not names:
        return ""
    must = "must set securityContext.allowPrivilegeEscalation=false"
    return f"allowPrivilegeEscalation != false ({_named(names)} {must})"


def _volume_types(spec: Object) -> str:
    bad = [
        (volume["name"], next(key for key in volume if key not in _PLAIN_VOLUMES))
        for volume in spec.get("volumes") or []
        if set(volume) - _PLAIN_VOLUMES
    ]
    if not bad:
        return ""
    types = sorted({kind for _, kind in bad})
    uses = "uses" if len(bad) == 1 else "use"
    noun = "restricted volume type"
    return f"{noun}s ({_named([n for n, _ in bad], 'volume')} {uses} {_named(types, noun)})"


def _non_root(spec: Object) -> str:
    key, must = "runAsNonRoot", "securityContext.runAsNonRoot"
    pod = _context(spec).get(key)
    said = [f"pod must not set {must}=false"] if pod is False else []
    wrong = _where(spec, lambda context: context.get(key) is False)
    said += [f"{_named(wrong)} must not set {must}=false"] if wrong else []
    unset = _where(spec, lambda context: context.get(key) is None) if pod is None else []
    said += [f"pod or {_named(unset)} must set {must}=true"] if unset else []
    return f"runAsNonRoot != true ({'; '.join(said)})" if said else ""


def _root(spec: Object) -> str:
    said = ["pod"] if _context(spec).get("runAsUser") == 0 else []
    wrong = _where(spec, lambda context: context.get("runAsUser") == 0)
    said += [_named(wrong)] if wrong else []
    return f"runAsUser=0 ({' and '.join(said)} must not set runAsUser=0)" if said else ""


def _profile(context: Object) -> str | None:
    return (context.get("seccompProfile") or {}).get("type")


def _unconfined(spec: Object) -> str:
    said = [f"pod must not set {_TYPE}"] if _profile(_context(spec)) == "Unconfined" else []
    wrong = _where(spec, lambda context: _profile(context) == "Unconfined")
    said += [f"{_named(wrong)} must not set {_TYPE}"] if wrong else []
    return f"seccompProfile ({'; '.join(said)})" if said else ""


def _confined(spec: Object) -> str:
    if _unconfined(spec):
        return _unconfined(spec)
    pod = _profile(_context(spec)) in _PROFILES
    unset = _where(spec, lambda context: not pod and _profile(context) not in _PROFILES)
    return f"seccompProfile (pod or {_named(unset)} must set {_SET_PROFILE})" if unset else ""


_SHARED: list[Check] = [_host_namespaces, _host_ports, _privileged]
_CHECKS: dict[str, list[Check]] = {
    "privileged": [],
    "baseline": [
        _default_capabilities,
        _host_namespaces,
        _host_path,
        _host_ports,
        _privileged,
        _unconfined,
    ],
    "restricted": [
        *_SHARED,
        _escalation,
        _no_capabilities,
        _volume_types,
        _non_root,
        _root,
        _confined,
    ],
}
