"""What every engine must pass, shipped so that other packages' engines can be held to it.

``pytest`` is needed to run it and is not among the package's dependencies.
"""

import contextlib

with contextlib.suppress(ImportError):
    import pytest

    pytest.register_assert_rewrite(f"{__name__}.promises")
