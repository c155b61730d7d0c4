"""What several unit tests share."""

import pytest


@pytest.fixture
def log(tmp_path):
    """Writes a rank's log; where it lies."""
    path = tmp_path / "rank-0.log"

    def write(content: bytes):
        path.write_bytes(content)
        return path

    return write
