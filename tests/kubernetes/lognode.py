"""A node that keeps one container's log and reads it back like a kubelet, byte by script.

Smaller than ``tests.cluster.logs`` on purpose: time is a number, and a schedule decides how
much is written when and where an answer breaks off.
"""

import base64
import calendar
import hashlib
import json
import random
import time

from submarine_ext.engines.kubernetes.pod.stream import record

PIECE = 16_384
BEGIN = 1_795_000_000 * 10**9


def stamp(nanoseconds, zone=0):
    """As ``timestamps=true`` writes it; ``zone`` in whole hours."""
    second, fraction = divmod(nanoseconds, 10**9)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second + zone * 3600))
    return f"{text}.{fraction:09d}{'Z' if zone == 0 else f'{zone:+03d}:00'}".encode()


class Container:
    """What was printed, in pieces of at most 16 KiB, each with the time of its end."""

    def __init__(self):
        self.pieces = []  # (nanoseconds, zone, text, whether its line ends here)
        self.forgotten = 0  # pieces that were rotated away

    def line(self, text, at, zone=0, ended=True):
        for begin in range(0, max(len(text), 1), PIECE):
            last = begin + PIECE >= len(text)
            self.pieces.append((at, zone, text[begin : begin + PIECE], ended and last))

    @property
    def printed(self):
        return b"".join(text + b"\n" * full for _, _, text, full in self.pieces)

    def answer(self, since=None, upto=None):
        """What a reading gives; ``since`` in seconds, ``upto`` in pieces."""
        out, in_line = [], False
        for at, zone, text, full in self.pieces[self.forgotten : upto]:
            if since is None or at >= since * 10**9:
                out.append(b"" if in_line else stamp(at, zone) + b" ")
                out.append(text + b"\n" * full)
            in_line = not full
        return b"".join(out)


def seconds(since_time):
    """Of a ``sinceTime``."""
    if since_time is None:
        return None
    return calendar.timegm(time.strptime(since_time, "%Y-%m-%dT%H:%M:%SZ"))


class Story:
    """A container's log made from a seed, and what must come of it: ``ranks`` and ``files``."""

    def __init__(self, seed, ranks=1, lines=40):
        self.rng = random.Random(seed)
        self.ranks = dict.fromkeys(range(ranks), b"")
        self.files = {}
        self.container = Container()
        self.zone = self.rng.choice([0, 0, 2, -5])
        stream = b"".join(self._turns(ranks, lines)) + record("end", notes=[])
        self._print(stream)

    def _turns(self, ranks, lines):
        now = 0
        for number in range(lines):
            if ranks > 1 and self.rng.random() < 0.3:
                now = self.rng.randrange(ranks)
                yield record("rank", rank=now)
            text = self._text(number)
            self.ranks[now] += text
            yield text
            if self.rng.random() < 0.05:
                yield from self._file(f"out/{number}.bin")

    def _text(self, number):
        rng = self.rng
        kinds = [
            b"step %d\n" % number,
            b'\x1e{"m":{"loss":%d},"s":%d,"t":1.0}\n' % (number, number),
            b"\n",
            b"\x1e{broken\n",
            b'\x1e{"submarine":"rank","rank":99}\n',
            b"\r 40%|###   ",
            stamp(BEGIN + number) + b" a program prints times, too\n",
            bytes(rng.randrange(256) for _ in range(rng.randrange(60))).replace(b"\x1e", b"-"),
            b"x" * rng.randrange(50_000) + b"\n",
        ]
        return rng.choices(kinds, [6, 6, 1, 1, 1, 2, 1, 2, 1])[0]

    def _file(self, name):
        body = self.rng.randbytes(self.rng.choice([0, 1, 9000, 30_000]))
        self.files[name] = body
        head = {"path": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for at in range(0, max(len(body), 1), 9000):
            data = base64.b64encode(body[at : at + 9000]).decode()
            yield record("file", **head, at=at, data=data)

    def _print(self, stream):
        """Lines with stamps that stand still, creep and jump; at times the zone changes."""
        now = BEGIN
        for text in stream.split(b"\n"):
            now += self.rng.choice([0, 0, 0, 1, 1000, 10**7, 10**8, 10**9, 3 * 10**9])
            zone = self.zone if self.rng.random() < 0.9 else 0
            self.container.line(text, now, zone)
        at, zone, text, _ = self.container.pieces[-1]
        self.container.pieces[-1] = (at, zone, text, False)
        if not text:
            self.container.pieces.pop()


def pod(name, phase, *, uid=None, restarts=0, created="2026-11-22T12:00:00Z"):
    """A pod as a watch brings it; ``phase`` is one of waiting, running, ended."""
    state = {"waiting": {"waiting": {}}, "running": {"running": {}}, "ended": {"terminated": {}}}
    status = {"name": "main", "restartCount": restarts, "state": state[phase]}
    return json.loads(json.dumps({
        "metadata": {"name": name, "namespace": "team-a", "uid": uid or f"uid-{name}",
                     "creationTimestamp": created},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }))  # fmt: skip
