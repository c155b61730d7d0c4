"""Uploads that go to the disk as they come; none of their bytes are held."""

from __future__ import annotations

from contextlib import ExitStack

from submarine_ext.api.base import NO_LIMIT, Endpoint
from submarine_ext.api.problems import UnsupportedMedia
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.errors import SubmarineError, TooLarge


class Receiving(Endpoint):
    """``admit`` calls :meth:`expect`, then opens what ``held`` lets go of."""

    held: ExitStack | None = None

    def expect(self, what: str, types: tuple[str, ...], limit: int) -> ExitStack:
        """Look at an upload's headers before its body comes. Raises UnsupportedMedia, TooLarge."""
        if self.request.headers.get("Content-Type") not in types:
            raise UnsupportedMedia(f"{what} is sent as {types[0]}.")
        length = self.request.headers.get("Content-Length", "0")
        if length.isdecimal() and int(length) > limit:
            raise TooLarge(f"{what} may have {human_bytes(limit)} at most.")
        # More than allowed must arrive, so that it is refused by name.
        self.request.connection.set_max_body_size(NO_LIMIT)  # type: ignore[union-attr]
        self.held = ExitStack()
        return self.held

    async def take(self, chunk: bytes) -> None:
        """Write it on another thread; the connection waits, so memory stays flat."""
        raise NotImplementedError

    async def receive(self, chunk: bytes) -> None:
        """Keep it, or answer at once why not."""
        if self.held is None:
            return
        try:
            await self.take(chunk)
        except (SubmarineError, OSError) as error:
            self._let_go()
            await self.refuse(error)

    def on_finish(self) -> None:
        """Also after an error: what was not kept goes."""
        super().on_finish()
        self._let_go()

    def on_connection_close(self) -> None:
        """The sender went away in the middle."""
        super().on_connection_close()
        self._let_go()

    def _let_go(self) -> None:
        held, self.held = self.held, None
        if held is not None:
            held.close()
