"""``jupyter submarine``: what administrators run on the server. ``submarine`` is for people."""

from __future__ import annotations

from jupyter_core.application import JupyterApp

from submarine_ext import __version__


class SubmarineCommand(JupyterApp):
    """Look after the team service of submarine-ext."""

    name = "jupyter-submarine"
    version = __version__
    description = __doc__
    subcommands = {  # noqa: RUF012 - as traitlets wants it
        "serve": ("submarine_ext.app.service.SubmarineService", "Run the team service."),
        "database": ("submarine_ext.app.database.DatabaseCommand", "Look after the database."),
    }

    def start(self) -> None:
        """Run the subcommand, or say which there are."""
        if self.subapp is None:
            self.print_help()
            self.exit(2)
        super().start()


main = SubmarineCommand.launch_instance

if __name__ == "__main__":
    main()
