"""The rules between a call and storage: metadata, versions, admission, deletion.

Everything that changes an object comes through here, whether over HTTP or from a controller
inside, so that quotas, immutability and history hold for both. Synchronous: one call is one
step of the cluster's loop. What differs between kinds is in ``strategies``.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import defaults, strategies, structural, validation
from .calls import Call
from .kinds import Kinds, Resource
from .schemas import Schemas
from .status import (
    Cause,
    Object,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    modified,
    not_found,
)
from .storage import Record, Storage

#: Changes the object in place, or raises Refused. ``old`` is None on create.
Admit = Callable[[Call, Object, Object | None], None]
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
#: Set by the server, whatever a client sends.
OWN = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
       "selfLink")  # fmt: skip


def stamp(after: float = 0.0) -> str:
    """Now (or later), as Kubernetes writes it: whole seconds."""
    when = datetime.now(UTC) + timedelta(seconds=after)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Deletion:
    """DeleteOptions."""

    propagation: str | None = None
    grace: int | None = None
    uid: str | None = None
    version: str | None = None


class Registry:
    """What the API server does with objects. ``mutating``/``validating`` are admission."""

    def __init__(self, storage: Storage, kinds: Kinds) -> None:
        self.storage, self.kinds, self.schemas = storage, kinds, Schemas()
        #: Before validation, in order: they fill in values (ServiceAccount, LimitRange).
        self.mutating: list[Admit] = []
        #: After validation: they refuse, or warn (ResourceQuota, PodSecurity).
        self.validating: list[Admit] = []

    def get(self, call: Call) -> Record:
        record = self.storage.get(call.served.id, call.namespace, call.name)
        if record is None:
            raise not_found(call.served.group, call.served.plural, call.name)
        return record

    def create(self, call: Call, obj: Object) -> Object:
        """The object as it is stored (with ``dry_run``: as it would be)."""
        resource = call.served
        self._place(call, obj)
        self._check_namespace(call, obj)
        self._fill(resource, obj)
        self._admit(self.mutating, call, obj, None)
        self._prepare(resource, obj)
        strategies.prepare_create(resource, obj)
        self._refuse(resource, obj, self._faults(resource, obj, None))
        for text in validation.warnings(resource, obj):
            call.warn(text)
        self._admit(self.validating, call, obj, None)
        strategies.finish(resource, obj)
        name = obj["metadata"]["name"]
        present = self.storage.get(resource.id, call.namespace, name)
        if present is not None:
            ending = "deletionTimestamp" in present.object["metadata"]
            raise already_exists(resource.group, resource.plural, name, ending=ending)
        return obj if call.dry_run else self.storage.put(resource.id, obj).copy()

    def update(self, call: Call, obj: Object) -> Object:
        """PUT: the whole object, or its status where that is the call's subresource."""
        old = self.get(call)
        return self._store(call, old, obj)

    def change(self, call: Call, changed: Callable[[Object], Object]) -> Object:
        """PATCH: ``changed`` makes the new object of a copy of the present one."""
        old = self.get(call)
        return self._store(call, old, changed(old.copy()))

    def delete(self, call: Call, deletion: Deletion) -> tuple[Object, bool]:
        """The object's last state, and whether it is gone (else it is only marked)."""
        record = self.get(call)
        self._check_preconditions(call, record, deletion)
        obj = record.copy()
        grace = strategies.grace_of(call.served, obj, deletion.grace)
        finalizers = strategies.finalizers_of(call.served, obj, deletion.propagation)
        if not finalizers and not grace and not strategies.holds_content(call.served, obj):
            if not call.dry_run:
                if call.served.id == "pods":  # its watchers see the mark before it goes
                    self._mark(obj, finalizers, grace)
                    self.storage.put(call.served.id, obj)
                obj = self.storage.remove(call.served.id, record.key).copy()
            return obj, True
        self._mark(obj, finalizers, grace)
        strategies.prepare_delete(call.served, obj)
        if not call.dry_run and not _same(record, obj):
            obj = self.storage.put(call.served.id, obj).copy()
        return obj, False

    def _mark(self, obj: Object, finalizers: list[str], grace: int) -> None:
        metadata = obj["metadata"]
        metadata.pop("finalizers", None)
        if finalizers:
            metadata["finalizers"] = finalizers
        marked = metadata.get("deletionGracePeriodSeconds")
        if marked is None or grace < marked:
            metadata["deletionTimestamp"] = stamp(grace)
            metadata["deletionGracePeriodSeconds"] = grace
            if "generation" in metadata and marked is None:
                metadata["generation"] += 1

    def _check_preconditions(self, call: Call, record: Record, wanted: Deletion) -> None:
        resource, metadata = call.served, record.object["metadata"]
        uid = metadata["uid"]
        if wanted.uid and wanted.uid != uid:
            why = (
                f"the UID in the precondition ({wanted.uid}) does not match the UID in record"
                f" ({uid}). The object might have been deleted and then recreated"
            )
            raise conflict(resource.group, resource.kind, call.name, why)
        if wanted.version and wanted.version != metadata["resourceVersion"]:
            why = (
                f"Precondition failed: ResourceVersion in precondition: {wanted.version}, "
                f"ResourceVersion in object meta: {metadata['resourceVersion']}"
            )
            raise conflict(resource.group, resource.plural, call.name, why)

    def _place(self, call: Call, obj: Object) -> None:
        metadata = obj.setdefault("metadata", {})
        if call.served.namespaced:
            if metadata.setdefault("namespace", call.namespace) != call.namespace:
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on"
                    " the request"
                )
        elif metadata.pop("namespace", ""):
            raise bad_request("namespace is not allowed on this type")
        if metadata.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            suffix = "".join(secrets.choice(ALPHABET) for _ in range(5))
            metadata["name"] = metadata["generateName"][:58] + suffix

    def _check_namespace(self, call: Call, obj: Object) -> None:
        if not call.served.namespaced:
            return
        space = self.storage.get("namespaces", "", call.namespace)
        if space is None:
            raise not_found("", "namespaces", call.namespace)
        if space.object["metadata"].get("deletionTimestamp"):
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {call.namespace} is being terminated",
                "field": "metadata.namespace",
            }
            why = (
                f"unable to create new content in namespace {call.namespace} because it is being"
                " terminated"
            )
            resource, name = call.served, obj["metadata"].get("name", "")
            raise forbidden(resource.group, resource.plural, name, why, causes=[cause])

    def _prepare(self, resource: Resource, obj: Object) -> None:
        metadata = obj["metadata"]
        for field in OWN:
            metadata.pop(field, None)
        metadata.pop("managedFields", None)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = stamp()
        if strategies.has_generation(resource):
            metadata["generation"] = 1
        if resource.has_status:
            obj.pop("status", None)

    def _store(self, call: Call, old: Record, new: Object) -> Object:
        resource, was = call.served, old.object
        self._check_versions(call, old, new)
        new = self._merge_parts(call, was, new)
        self._fill(resource, new)
        self._admit(self.mutating, call, new, was)
        if strategies.has_generation(resource) and _spec_changed(new, was):
            new["metadata"]["generation"] = was["metadata"].get("generation", 0) + 1
        self._refuse(resource, new, self._faults(resource, new, was))
        self._admit(self.validating, call, new, was)
        if call.dry_run or _same(old, new):
            return new if call.dry_run else old.copy()
        if _finished(new) and not strategies.holds_content(resource, new):
            return self.storage.remove(resource.id, old.key).copy()
        return self.storage.put(resource.id, new).copy()

    def _check_versions(self, call: Call, old: Record, new: Object) -> None:
        resource, metadata = call.served, new.setdefault("metadata", {})
        if metadata.get("name", old.key[1]) != old.key[1]:
            said = f"the name of the object ({metadata['name']}) does not match the name on the URL"
            raise bad_request(f"{said} ({old.key[1]})")
        if metadata.get("namespace", old.key[0]) != old.key[0]:
            said = f"the namespace of the object ({metadata['namespace']}) does not match the"
            raise bad_request(f"{said} namespace on the URL ({old.key[0]})")
        uid = old.object["metadata"]["uid"]
        if metadata.get("uid", uid) != uid:
            causes = validation.of_other_uid(resource, old.object, metadata["uid"])
            raise invalid(resource.group, resource.kind, call.name, causes)
        if metadata.get("resourceVersion", str(old.revision)) not in {"", str(old.revision)}:
            raise modified(resource.group, resource.plural, call.name)

    def _merge_parts(self, call: Call, was: Object, new: Object) -> Object:
        """What this call may change, on top of what is there."""
        if call.subresource == "status":
            kept = {**was, "metadata": dict(was["metadata"])}
            return {**kept, "status": new.get("status", {})}
        metadata = new["metadata"]
        metadata.pop("managedFields", None)
        for field in (*OWN, "name", "namespace", "resourceVersion"):
            metadata.pop(field, None)
            if field in was["metadata"]:
                metadata[field] = was["metadata"][field]
        if call.served.has_status:
            new.pop("status", None)
            if "status" in was:
                new["status"] = was["status"]
        return new

    def _fill(self, resource: Resource, obj: Object) -> None:
        """The defaults of the kind or of its CRD."""
        schema = self.schemas.custom(resource)
        if schema is None:
            defaults.fill(resource, obj)
        else:
            structural.fill(schema, obj)

    def _faults(self, resource: Resource, obj: Object, was: Object | None) -> list[Cause]:
        found = validation.of_metadata(resource, obj)
        schema = self.schemas.custom(resource)
        if schema is not None:
            return [*found, *structural.faults(schema, obj, was)]
        if was is None:
            return [*found, *validation.of_new(resource, obj)]
        return [*found, *validation.of_change(resource, obj, was)]

    def _refuse(self, resource: Resource, obj: Object, causes: list[Cause]) -> None:
        if causes:
            raise invalid(resource.group, resource.kind, obj["metadata"].get("name", ""), causes)

    def _admit(self, chain: list[Admit], call: Call, obj: Object, old: Object | None) -> None:
        for admit in chain:
            admit(call, obj, old)


def _same(record: Record, obj: Object) -> bool:
    found = {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}}
    return found == record.object


def _spec_changed(new: Object, was: Object) -> bool:
    outside = {"metadata", "status", "kind", "apiVersion"}
    keys = (set(new) | set(was)) - outside
    return any(new.get(key) != was.get(key) for key in keys)


def _finished(obj: Object) -> bool:
    """Whether a marked object has nothing left to wait for."""
    metadata = obj["metadata"]
    marked = "deletionTimestamp" in metadata and not metadata.get("deletionGracePeriodSeconds")
    return marked and not metadata.get("finalizers")
