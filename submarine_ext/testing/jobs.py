"""Small programs with a known behaviour, for engines to run. Each is Python source.

They need a bare interpreter only (``python -ISc``). ``sys.argv[1]``, where there is one, is
a mark by which their processes can be found.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

SLEEPS = "import time; print('ready', flush=True); time.sleep(3600)"

_FORK = "import os, signal, sys, time\n"
_READY = "print('ready', flush=True)\nwhile True: time.sleep(3600)\n"

TREES = {
    "of one process": _FORK + _READY,
    "of a child and a grandchild": _FORK + "os.fork()\nos.fork()\n" + _READY,
    "that forks twice": _FORK
    + """
if os.fork() == 0:
    if os.fork():
        os._exit(0)
    time.sleep(3600)
os.wait()
""" + _READY,
    "with a session of its own": _FORK
    + """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(3600)
os.wait()
""" + _READY,
    "that ignores SIGTERM": _FORK + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _READY,
    "whose detached child ignores SIGTERM": _FORK
    + """
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    time.sleep(3600)
os.wait()
""" + _READY,
    "whose detached child has an empty environment": _FORK
    + """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.execve(sys.executable, [sys.executable, '-ISc', 'import time; time.sleep(3600)',
                               sys.argv[1]], {})
os.wait()
""" + _READY,
    "that keeps forking": _FORK
    + """
print('ready', flush=True)
while True:
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    time.sleep(0.01)
""",
    "that signals its own group": _FORK
    + """
signal.signal(signal.SIGTERM, lambda *_: None)
os.kill(0, signal.SIGTERM)
""" + _READY,
}  # fmt: skip

LEAVES_A_DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3600)
"""

SAYS_GOODBYE = """
import signal, sys, time
def goodbye(*_):
    print('goodbye', flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, goodbye)
print('ready', flush=True)
while True: time.sleep(3600)
"""

ALL_BYTES = bytes(range(256)) * 5000 + b"\x1e{broken\n\xff\xfe last words"
PRINTS_ALL_BYTES = """
import os
data = bytes(range(256)) * 5000 + b"\\x1e{broken\\n\\xff\\xfe last words"
for turn, start in enumerate(range(0, len(data), 997)):
    os.write(1 + turn % 2, data[start:start + 997])
"""

_WAIT = """
import os, sys, time
def wait():
    while not os.path.exists('go on'):
        time.sleep(0.01)
"""

COUNTS = _WAIT + """
print(1, flush=True)
wait()
for number in range(2, 1001):
    print(number, flush=True)
"""  # fmt: skip

WAITS_THEN_EXITS_WITH_7 = _WAIT + """
wait()
print('bye', flush=True)
sys.exit(7)
"""  # fmt: skip

ENDS = {
    "exit code": ("import sys; sys.exit(3)", 3, "Exited with code 3."),
    "traceback": (
        "print('Epoch 1'); raise ValueError('bad batch')",
        1,
        "Exited with code 1: ValueError: bad batch",
    ),
    "chained tracebacks": (
        "try:\n    1/0\nexcept Exception:\n    raise KeyError('lr')",
        1,
        "KeyError: 'lr'",
    ),
    "signal": ("import os; os.kill(os.getpid(), 9)", -9, "Killed by signal 9 (SIGKILL)"),
    "crash": ("import os; os.abort()", -6, "Killed by signal 6 (SIGABRT)"),
}

EATS_MEMORY = """
import time
hoard = bytearray(200 * 1024 * 1024)
time.sleep(3600)
"""

SECRETS = (
    "JUPYTER_TOKEN",
    "JUPYTER_SERVER_PASSWORD",
    "JUPYTERHUB_API_TOKEN",
    "JUPYTERHUB_COOKIE_SECRET",
    "JPY_API_TOKEN",
    "CONFIGPROXY_AUTH_TOKEN",
)
PRINTS_ENVIRONMENT = """
import os
for name, value in os.environ.items():
    print(f'{name}={value}'.replace(chr(10), ' '))
"""

KNOWS_WHAT_IT_IS_GIVEN = """
import hashlib, os, sys
assert hashlib.sha256(os.environ[sys.argv[1]].encode()).hexdigest() == sys.argv[2]
"""

WRITES_A_RECORD = """
import os
os.write(1, b'before')
stream = os.open(os.environ['SUBMARINE_STREAM'], os.O_WRONLY | os.O_APPEND)
os.write(stream, b'\\x1e{"g":0.5}\\n')
os.write(2, b'after\\n')
"""

RANK_1_FAILS = """
import os, sys, time
if os.environ['RANK'] == '1':
    sys.exit(5)
time.sleep(3600)
"""

WRITES_OUTPUTS = """
import os
open('model.bin', 'wb').write(b'weights')
os.symlink('/etc/hosts', 'stolen.bin')
os.symlink('/etc', 'deep_link')
os.makedirs('deep/er')
open('deep/er/notes.txt', 'w').write('notes')
os.symlink('/etc', 'deep/out')
open('other.log', 'w').write('not asked for')
"""


async def printed(log: Path, text: bytes, patience: float = 60.0) -> None:
    """Wait until the log holds the text: the program has come that far."""
    async with asyncio.timeout(patience):
        while not _holds(log, text):  # noqa: ASYNC110 - a file has no event to wait for
            await asyncio.sleep(0.005)


def _holds(log: Path, text: bytes) -> bool:
    return log.exists() and text in log.read_bytes()
