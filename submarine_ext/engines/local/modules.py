"""Asks an interpreter which modules it has, the way a job would find them.

Only top-level names are looked for, so nothing is imported; it starts as a job's would.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping

_ASK = """
import importlib.util, json, sys
sys.path[:1] = []
def lacks(name):
    try:
        return name not in sys.modules and importlib.util.find_spec(name) is None
    except (ImportError, ValueError, AttributeError):
        return False
print(json.dumps([name for name in json.loads(sys.argv[1]) if lacks(name)]))
"""
PATIENCE = 10.0  # seconds: a network drive's first answer


async def missing(python: str, names: Iterable[str], env: Mapping[str, str]) -> list[str]:
    """Which of ``names`` this interpreter lacks; none where it does not say."""
    wanted = json.dumps(sorted(names))
    try:
        process = await asyncio.create_subprocess_exec(
            python, "-c", _ASK, wanted, env=dict(env), cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return []
    try:
        async with asyncio.timeout(PATIENCE):
            answer, _ = await process.communicate()
        found: list[str] = json.loads(answer)
    except (TimeoutError, ValueError):
        return []
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found
