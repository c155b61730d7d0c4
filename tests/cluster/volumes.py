"""A pod's volumes as folders, and a container's mounts as links to them.

ConfigMaps, Secrets, projections and the downward API become files, emptyDirs new folders,
claims the folder that the test gave. Knows nothing of processes or the API server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .environment import Find, decoded, field_value

Object = dict[str, Any]
#: Makes a ConfigMap's text fit this machine (``places``); bytes of binaryData stay.
Translate = Callable[[str], str]


class Unmountable(Exception):
    """A volume cannot be made now: event FailedMount, and the kubelet tries again."""


def make(
    pod: Object, folder: Path, find: Find, claims: Mapping[str, Path], text: Translate
) -> dict[str, Path]:
    """Every volume's folder, by name. Raises Unmountable with the kubelet's text."""
    made = {}
    for volume in pod["spec"].get("volumes") or ():
        claim = volume.get("persistentVolumeClaim")
        target = claims[claim["claimName"]] if claim else folder / volume["name"]
        target.mkdir(parents=True, exist_ok=True)
        for path, content in _files(volume, pod, find, text):
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        made[volume["name"]] = target
    return made


def mount(container: Object, root: Path, volumes: Mapping[str, Path]) -> None:
    """Link the container's mount paths below ``root``; the shorter first, so that one may
    lie within another.
    """
    for each in sorted(container.get("volumeMounts") or (), key=lambda m: len(m["mountPath"])):
        target = volumes[each["name"]] / (each.get("subPath") or "")
        target.mkdir(parents=True, exist_ok=True)
        link = root / each["mountPath"].strip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(target)


def _files(volume: Object, pod: Object, find: Find, text: Translate) -> Iterator[tuple[str, bytes]]:
    for source in volume.get("projected", {}).get("sources") or [volume]:
        if "configMap" in source:
            yield from _of_object(volume, "ConfigMap", source["configMap"], find, text)
        elif "secret" in source:
            yield from _of_object(volume, "Secret", source["secret"], find, text)
        elif "downwardAPI" in source:
            for item in source["downwardAPI"]["items"]:
                yield item["path"], field_value(pod, item["fieldRef"]["fieldPath"]).encode()


def _of_object(
    volume: Object, kind: str, source: Object, find: Find, text: Translate
) -> Iterator[tuple[str, bytes]]:
    name = source.get("name") or source["secretName"]
    obj = find(kind, name)
    if obj is None:
        if source.get("optional"):
            return
        raise _failed(volume, f'{kind.lower()} "{name}" not found')
    content = decoded(kind, obj)
    if kind == "ConfigMap":
        content |= {key: text(value).encode() for key, value in (obj.get("data") or {}).items()}
    for item in source.get("items") or [{"key": key, "path": key} for key in content]:
        if item["key"] not in content:
            raise _failed(volume, f"references non-existent config key: {item['key']}")
        yield item["path"], content[item["key"]]


def _failed(volume: Object, why: str) -> Unmountable:
    return Unmountable(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {why}')
