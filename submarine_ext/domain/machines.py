"""People's own machines as engines: ``machine:alice`` is the one that alice's server offers."""

from __future__ import annotations

_PREFIX = "machine:"
#: A spec names its engine by 63 characters at most (:class:`submarine_ext.domain.jobs.JobSpec`).
LONGEST_OWNER = 63 - len(_PREFIX)
#: Seconds out of sight after which a machine's jobs are given up, and it is shown no more.
PATIENCE = 24 * 3600.0


def machine_of(owner: str) -> str:
    """The name of the engine that a person's machine is."""
    return _PREFIX + owner


def machine_owner(engine: str) -> str | None:
    """Whose machine an engine is; None for one that is nobody's."""
    return engine.removeprefix(_PREFIX) if engine.startswith(_PREFIX) else None
