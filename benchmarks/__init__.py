"""Figures beside their floors: ``python -m benchmarks [NAME …] [--peers] [--rounds N]``.

Each module named in ``__main__.py`` has ``measure(rounds: int) -> Iterable[Figure]`` and
measures ours and the floor in turns in the same run, since only their ratio travels from
one machine to another. Floors are the least that could be done: the same bytes from a bare
handler, the same durable row, the same spawn. Nothing here is a test; nothing asserts.
"""
