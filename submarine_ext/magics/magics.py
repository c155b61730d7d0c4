"""What ``%load_ext submarine_ext`` registers. Cheap: everything else comes with first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from submarine_ext.magics.notebook import Notebook


def register(shell: Any) -> None:
    """Make the magic and its completion known to an IPython shell."""

    @cache
    def notebook() -> Notebook:
        from submarine_ext.magics.notebook import Notebook

        return Notebook(shell)

    def submarine(line: str, cell: str | None = None) -> Any:
        """Run and watch jobs. `%submarine -h` explains."""
        return notebook().execute(line, cell)

    def complete(_shell: Any, event: Any) -> list[str]:
        return notebook().complete(event.text_until_cursor, event.symbol)

    shell.register_magic_function(submarine, "line_cell")
    shell.set_hook("complete_command", complete, re_key=r"(?s).*%submarine\s")
