# ruff: noqa: D102 - the names of the tests are their sentences
"""Promise 4: logs are files, byte for byte."""

from __future__ import annotations

from pathlib import Path

from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario, session


class Logs(Promise):
    """Logs are files, byte for byte."""

    @scenario
    async def test_the_log_has_every_byte_in_order_before_the_end(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.PRINTS_ALL_BYTES)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await s.ended(task.name)
            assert task.log(0).read_bytes() == jobs.ALL_BYTES

    @scenario
    async def test_the_log_goes_on_without_gap_while_no_server_is_there(
        self, tmp_path: Path
    ) -> None:
        task = self.program(tmp_path, jobs.COUNTS)
        async with session(self.make_engine(tmp_path)) as s:
            await s.engine.start(task)
            await jobs.printed(task.log(0), b"1\n")
        await self.go_on(task)
        async with session(self.make_engine(tmp_path)) as s:
            assert await s.engine.adopt([task]) == set()
            await s.ended(task.name)
        assert task.log(0).read_text() == "".join(f"{n}\n" for n in range(1, 1001))
