"""The images that nodes can fetch, and what a registry says of those they cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NAME = re.compile(
    r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w.-]+)?(?:@sha256:\w+)?"
)
MISSING = re.compile(r"no-such|does-not-exist")


@dataclass(frozen=True)
class Image:
    """``user``: whom it runs as where the pod does not say. ``refusal``: why it cannot be
    fetched. ``hollow``: its containers run nothing, a test writes their logs and ends them.
    """

    user: int = 0
    entrypoint: Sequence[str] = ("python3",)
    refusal: str | None = None
    hollow: bool = False


class Images:
    """Those a test named, and a default for every other name that does not say ``no-such``."""

    def __init__(self, known: Mapping[str, Image]) -> None:
        self._known = dict(known)

    def __setitem__(self, name: str, image: Image) -> None:
        self._known[name] = image

    def __getitem__(self, name: str) -> Image:
        if name in self._known:
            return self._known[name]
        if MISSING.search(name):
            return Image(refusal=refusal(name, "not found"))
        return Image()


def refusal(name: str, why: str) -> str:
    """The words of containerd for an image it cannot fetch."""
    resolve = f'failed to resolve reference "{name}": {name}: {why}'
    return f'failed to pull and unpack image "{name}": {resolve}'


def invalid(name: str) -> str | None:
    """What is wrong with the name, or None."""
    if NAME.fullmatch(name):
        return None
    quoted = f'couldn\'t parse image name "{name}": invalid reference format'
    return f'Failed to apply default image tag "{name}": {quoted}'


def full(name: str) -> str:
    """The name as a container's status has it."""
    tagged = name if re.search(r"[:@][^/]*$", name) else f"{name}:latest"
    first = tagged.split("/")[0]
    if "/" in tagged and ("." in first or ":" in first):
        return tagged
    return f"docker.io/{tagged}" if "/" in tagged else f"docker.io/library/{tagged}"
