"""The promises of ``engines.base`` as tests. Subclass, say how to make an engine, run pytest.

::

    class TestMyEngine(EngineContract):
        def make_engine(self, root):
            return MyEngine(root)

Tests reach an engine only through its interface and the folder of its tasks. What differs
between engines is overridden: ``go_on``, ``comes_to_its_end``, ``leftovers``, ``destroy`` and
``refused``.
"""

from __future__ import annotations

from submarine_ext.testing.promises.adopt import Adopts
from submarine_ext.testing.promises.logs import Logs
from submarine_ext.testing.promises.reasons import Reasons
from submarine_ext.testing.promises.refuse import Refuses
from submarine_ext.testing.promises.start import Starts
from submarine_ext.testing.promises.stop import Stops
from submarine_ext.testing.promises.surroundings import Surroundings


class EngineContract(Starts, Stops, Logs, Adopts, Reasons, Surroundings, Refuses):
    """Every test is one sentence of the promises."""
