"""What is said of a machine that is out of sight, or that another stands in the way of."""

from __future__ import annotations

from datetime import UTC, datetime

STOPPED = "Stopped on request."
ELSEWHERE = "Another server of the service looks after the jobs now."
REPLACED = "A newer connection of this machine is in its place."


def out_of_sight(owner: str) -> str:
    """Of the engine."""
    return f"{owner}'s server is stopped or cut off; jobs there may go on."


def away(owner: str, since: float, until: float) -> str:
    """Of a job that was sent there."""
    return (
        f"{owner}'s machine is out of sight since {_clock(since)}: its server is stopped or "
        f"cut off. The job may go on there; if nothing is heard of it by {_date(until)}, it is "
        "given up."
    )


def waits(owner: str, since: float, until: float) -> str:
    """Of a job that was not."""
    return (
        f"Waits for {owner}'s machine, which is out of sight since {_clock(since)}: its server is "
        f"stopped or cut off. If it is not back by {_date(until)}, the job is given up."
    )


def lost(owner: str, since: float) -> str:
    """Of a job that was sent there, and is given up."""
    return (
        f"Nobody can know how it ended: {owner}'s machine is out of sight since {_date(since)}. "
        "If it still runs there, it is stopped when that server comes back. Run it anew, or on "
        "another engine."
    )


def never_begun(owner: str, since: float) -> str:
    """Of a job that was not, and is given up."""
    return (
        f"It was never begun: {owner}'s machine is out of sight since {_date(since)}. Start that "
        "server and run it anew, or use another engine."
    )


def second(owner: str) -> str:
    """To another machine of the same person."""
    return (
        f"Another server of {owner}'s has jobs that are not over: its machine is the one that the "
        "service knows. End those jobs, or start that server, before this one is offered."
    )


def stopped_unseen(owner: str) -> str:
    """Of a job that somebody stopped, whose machine another one has replaced."""
    return (
        f"Stopped on request, unseen: {owner} offers another machine now. If it still runs on the "
        "former one, it is stopped when that one comes back."
    )


def _clock(seconds: float) -> str:
    """``09:02 UTC``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M UTC")


def _date(seconds: float) -> str:
    """``1 December, 09:02 UTC``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %B, %H:%M UTC").lstrip("0")
