"""Who does not use a cluster pays nothing for it; who does pays off the event loop.

Each test looks at what a fresh interpreter has imported, and where.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster

HEAVY = {"aiohttp", "kubernetes", "fsspec"}
#: Theirs, and ours that need them: nothing of it belongs into a server without a cluster.
ENGINE = "submarine_ext.engines.kubernetes"

LOADED = f"""
print(sorted(name for name in sys.modules if name in {HEAVY} or name.startswith({ENGINE!r})))
"""

SERVICES = """
import asyncio, sys
from pathlib import Path
import jupyter_server.serverapp
import submarine_ext.app.extension
from submarine_ext.app.wiring import Settings, Submarine

async def main():
    submarine = await Submarine.open(Settings(root=Path(sys.argv[1]), owner="ada"))
    await submarine.close()

asyncio.run(main())
"""

#: What a server does at its start where the engine is named.
NAMED = """
import sys
from pathlib import Path
from jupyter_server.serverapp import ServerApp
from submarine_ext.app.extension import SubmarineExtension
from submarine_ext.app.engines import maker
application = SubmarineExtension()
application.serverapp = ServerApp()
application.settings = {}
make = maker("kubernetes", application)
"""
MADE = """\
make(Path(sys.argv[1]))
"""

OPENED = f"""
import asyncio, sys, threading
from pathlib import Path
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.settings import Settings

class Recorder:
    on_the_loop = set()
    elsewhere = set()

    def find_spec(self, name, path=None, target=None):
        if name in {HEAVY}:
            main = threading.current_thread() is threading.main_thread()
            (self.on_the_loop if main else self.elsewhere).add(name)

async def main():
    engine = KubernetesEngine(Path(sys.argv[1]), Settings(kubeconfig=sys.argv[2]))
    if "mutant" in sys.argv:
        import aiohttp
    await engine.open()
    async for observation in engine.observe():
        if observation.info.healthy:
            break
    await engine.close()

sys.meta_path.insert(0, Recorder())
asyncio.run(main())
print(sorted(Recorder.on_the_loop), sorted(Recorder.elsewhere))
"""


def python(source: str, *arguments: object) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_server_without_the_engine_imports_nothing_of_it(tmp_path: Path) -> None:
    """Catches an import of the engine, or of what it needs, in any service."""
    assert python(SERVICES + LOADED, tmp_path) == "[]"
    assert python(SERVICES + "import aiohttp" + LOADED, tmp_path) != "[]"


@pytest.mark.parametrize("step", [NAMED, NAMED + MADE], ids=["named", "made"])
def test_an_engine_that_is_named_but_not_opened_imports_nothing_heavy(
    step: str, tmp_path: Path
) -> None:
    """A server that is started opens no engine before there is work."""
    heavy = f"print(sorted({HEAVY} & sys.modules.keys()))"
    assert python(step + heavy, tmp_path) == "[]"


def test_an_engine_that_is_opened_imports_what_is_heavy_off_the_event_loop(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Catches the mutant that imports aiohttp before it opens."""
    opened = python(OPENED, tmp_path, cluster.kubeconfig)
    assert opened == "[] ['aiohttp', 'kubernetes']"
    assert python(OPENED, tmp_path, cluster.kubeconfig, "mutant").startswith("['aiohttp']")
