"""``jupyter submarine database copy``: from the file in the data folder to a PostgreSQL."""

from __future__ import annotations

import sys
from typing import NoReturn

from jupyter_core.application import JupyterApp

from submarine_ext import __version__
from submarine_ext.app.settings import DATABASE_URL, SubmarineSettings
from submarine_ext.errors import Conflict, Invalid, NotFound, SubmarineError


class DatabaseCopy(SubmarineSettings, JupyterApp):
    """Copy everything from the file submarine.sqlite to the PostgreSQL that
    SUBMARINE_DATABASE_URL names, compare the two, and keep all of it or nothing.

    Stop the server before, and start it with the same SUBMARINE_DATABASE_URL afterwards. The
    file stays as it is; what lies beside it (projects, jobs, secret.key) stays in use.
    """

    name = "jupyter-submarine-database-copy"
    version = __version__
    description = __doc__
    aliases = {  # noqa: RUF012 - as traitlets wants it
        "config": "JupyterApp.config_file",
        "data-dir": "SubmarineSettings.data_dir",
    }
    flags = {}  # noqa: RUF012
    raise_config_file_errors = True

    def start(self) -> None:
        """Copy, or say why not."""
        if self.extra_args:
            self._fail(f"`copy` cannot use {self.extra_args[0]!r}: there is nothing to name.", 2)
        try:
            self._copy()
        except SubmarineError as error:
            self._fail(error.detail, 2 if isinstance(error, Invalid) else 1)

    def _copy(self) -> None:
        configured = self.configured(owner="", admins=frozenset(), folder_root=None)
        if not configured.database_url:
            raise Invalid(f"Name the PostgreSQL to copy to in the environment: {DATABASE_URL}.")
        # Heavy: not before the command line was understood.
        from submarine_ext.app.wiring import DATABASE, LOCK
        from submarine_ext.reconcile.lease import FileLease
        from submarine_ext.store.copying import Copied, copy

        source = configured.root / DATABASE
        if not source.exists():
            raise NotFound(f"There is no database at {source}.")
        lease = FileLease(configured.root / LOCK)
        if not lease.attempt():
            raise Conflict("A server is running on this data folder: stop it before the copy.")

        def tell(table: Copied) -> None:
            sys.stdout.write(f"{table.rows:>9}  {table.table:<13} {table.sha256[:16]}  equal\n")

        copy(source, configured.database_url, tell)
        sys.stdout.write(
            f"Everything is there. Start the server with the same {DATABASE_URL}; the file "
            f"{source} is not used any more.\n"
        )

    def _fail(self, sentence: str, status: int) -> NoReturn:
        sys.stderr.write(sentence + "\n")
        self.exit(status)
        raise AssertionError("it has exited")


class DatabaseCommand(JupyterApp):
    """Look after the database."""

    name = "jupyter-submarine-database"
    version = __version__
    description = __doc__
    subcommands = {  # noqa: RUF012 - as traitlets wants it
        "copy": (DatabaseCopy, "Copy everything from SQLite to PostgreSQL."),
    }

    def start(self) -> None:
        """Run the subcommand, or say which there are."""
        if self.subapp is None:
            self.print_help()
            self.exit(2)
        super().start()
