"""A name for this data root, which every object that we make bears as a label.

Several people with a server each may share a namespace: the site tells whose an object is.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from submarine_ext.engines.kubernetes import records


def of(root: Path) -> str:
    """The root's own name, made at the first call: ten characters that fit in a label.

    All servers of one root get the same one. Raises OSError.
    """
    path = root / "kubernetes-site"
    known = records.read(path)
    return (known or records.once(path, uuid.uuid4().hex[:10].encode())).decode()
