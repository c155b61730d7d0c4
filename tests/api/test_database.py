"""A PostgreSQL that is named in the server's environment, with its password."""

import os
import subprocess
import sys

import pytest

from submarine_ext.app.settings import DATABASE_URL
from tests.databases import fresh, rows

PASSWORD = "hush-hush"


@pytest.fixture
def where(tmp_path):
    with fresh("postgres", tmp_path) as url:
        yield url


@pytest.fixture
def database(where, monkeypatch):
    """Nothing stands in the configuration."""
    monkeypatch.setenv(DATABASE_URL, where.replace("postgres:@", f"postgres:{PASSWORD}@"))
    return ""


class TestTheEnvironment:
    async def test_names_the_database(self, call, where):
        assert (await call("GET", "/me")).status == 200
        assert rows(where, "SELECT count(*) FROM users") == [(1,)]

    async def test_does_not_keep_the_password_for_kernels_and_jobs(self, call):
        assert (await call("GET", "/me")).status == 200
        inherited = subprocess.run(
            [sys.executable, "-c", "import os; print(dict(os.environ))"],
            capture_output=True, text=True,
        )  # fmt: skip
        assert DATABASE_URL not in os.environ
        assert PASSWORD not in inherited.stdout

    async def test_is_not_quoted_in_the_log(self, call, site, caplog):
        assert (await call("GET", "/me")).status == 200
        assert PASSWORD in site.configured.database_url
        assert PASSWORD not in f"{caplog.text} {site.configured!r}"
