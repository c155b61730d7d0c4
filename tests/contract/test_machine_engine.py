"""A person's machine keeps every promise of the contract, also over a connection that breaks."""

import os
import signal
from typing import ClassVar

import pytest

from submarine_ext.engines.local import records
from submarine_ext.testing import jobs
from submarine_ext.testing.engines import EngineContract
from tests.contract.machines import Pair
from tests.contract.test_local_engine import TestLocalEngine, marked


class TestMachineEngine(EngineContract):
    refused: ClassVar = TestLocalEngine.refused

    def make_engine(self, root):
        return Pair(root)

    def there(self, task):
        """The attempt's folder on the machine."""
        return task.folder.parents[1] / "machine" / "jobs" / task.job / str(task.attempt)

    async def leftovers(self, mark, task):
        return marked(mark)

    async def destroy(self, task):
        os.kill(records.read(self.there(task), records.CLAIM)["pid"], signal.SIGKILL)

    async def go_on(self, task):
        (self.there(task) / "work" / "go on").touch()

    async def comes_to_its_end(self, task):
        await jobs.printed(self.there(task) / "rank-0.log", b"bye")


@pytest.mark.parametrize("seed", range(2))
class TestMachineEngineWithACutConnection(TestMachineEngine):
    """Each connection breaks after a random number of bytes, in the middle of a frame."""

    @pytest.fixture(autouse=True)
    def _seeded(self, seed):
        self.seed = seed

    def make_engine(self, root):
        return Pair(root, seed=self.seed)
