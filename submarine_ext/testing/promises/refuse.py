# ruff: noqa: D102 - the names of the tests are their sentences
"""Promise 6: what cannot be honoured is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.errors import Invalid
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario, session


class Refuses(Promise):
    """What cannot be honoured is refused by name."""

    def test_what_cannot_be_honoured_is_refused_by_name(self, tmp_path: Path) -> None:
        engine = self.make_engine(tmp_path)
        engine.check(JobSpec(command=["true"]))
        for field, spec in self.refused.items():
            with pytest.raises(Invalid) as refusal:
                engine.check(spec)
            assert refusal.value.field == field
            assert field in refusal.value.detail

    @scenario
    async def test_observing_ends_with_close(self, tmp_path: Path) -> None:
        async with session(self.make_engine(tmp_path)) as s:
            info = await s.healthy()
        assert (info.running, info.queue) == (0, 0)
