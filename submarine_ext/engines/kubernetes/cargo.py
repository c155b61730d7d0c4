"""What travels to an attempt's pods besides the manifest: content, by where it is mounted.

A value only: ``bundle`` and ``staging`` make it, ``template`` mounts it, ``objects`` turns
it into ConfigMaps and Secrets.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from submarine_ext.engines.kubernetes import names

#: Where pods find each thing. The launcher is told nothing else.
ROOT = "/submarine"
KIT = f"{ROOT}/kit"
LAUNCHER = f"{KIT}/launcher.py"
PLAN = f"{KIT}/plan.json"
WORKSPACE = "/workspace"
STAGED = f"{WORKSPACE}/staged"


class Claim(Struct, frozen=True):
    """A folder of a PersistentVolumeClaim, mounted at ``STAGED``."""

    name: str
    folder: str


class Cargo(Struct, frozen=True, kw_only=True):
    """``parts`` of the bundle, in order; ``kit`` by path below ``/submarine/kit``.

    ``secrets`` are variables that travel in a Secret: the job's own, and presigned URLs.
    """

    name: str
    parts: list[bytes] = []
    kit: Mapping[str, bytes]
    secrets: Mapping[str, str] = {}
    claim: Claim | None = None

    def __repr__(self) -> str:
        """Without what it carries."""
        return f"Cargo({self.name!r})"

    @property
    def part_names(self) -> list[str]:
        """The ConfigMaps of the bundle, by content."""
        return [names.part(self.name, part, f"code-{n}") for n, part in enumerate(self.parts)]

    @property
    def kit_name(self) -> str:
        """The ConfigMap of launcher, runner and plan, by content."""
        files = [item for path in sorted(self.kit) for item in (path.encode(), self.kit[path])]
        return names.part(self.name, b"\0".join(files), "kit")

    @property
    def names(self) -> list[str]:
        """Every ConfigMap of it."""
        return [*self.part_names, self.kit_name]
