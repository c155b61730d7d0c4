"""One command, one table."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from dataclasses import replace

from benchmarks.figures import Figure, table

NAMES = (
    "submit",
    "start",
    "track",
    "metrics",
    "logs",
    "curves",
    "longlog",
    "listing",
    "panel",
    "events",
    "startup",
    "quotas",
    "postgres",
    "saves",
    "scale",
    "access",
    "diff",
    "revocation",
    "sockets",
    "kubernetes",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=20, help="repetitions behind a median")
    parser.add_argument("--peers", action="store_true", help="also measure other products")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"there is no benchmark called {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    for name in asked.names or NAMES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").measure(asked.rounds)
    if asked.peers:
        figures = with_peers(figures)
    print(f"Python {platform.python_version()}, {platform.platform()}\n\n{table(figures)}")
    return 0


def with_peers(figures: list[Figure]) -> list[Figure]:
    """The same figures beside those of other products, each in an environment of its own."""
    from benchmarks.peers import measure  # its products are installed on demand only

    found = measure([figure.what for figure in figures])
    return [replace(f, peers={**f.peers, **found.get(f.what, {})}) for f in figures]


if __name__ == "__main__":
    sys.exit(main())
