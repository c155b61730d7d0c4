"""The key that secrets are encrypted with: a file beside the database, made at first use.

The database alone (a backup, a copy for support) tells nothing then. The key is never made
anew where something was encrypted with one that is gone: reading says so instead. It knows
nothing of what it encrypts.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from submarine_ext.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_HINT = "an administrator must put back the one from the time when they were written"


class Unreadable(Unavailable):
    """What was encrypted cannot be read: the key is missing or another one."""

    def __init__(self, path: Path, problem: str) -> None:
        detail = f"Secrets cannot be read: {path.name} on the server {problem}; {_HINT}."
        super().__init__(detail, retry_after=60)


class KeyFile:
    """Encrypts and decrypts (Fernet: AES-128-CBC, HMAC-SHA256) with the key at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def encrypt(self, value: bytes, *, first: bool) -> str:
        """The value as a token of ASCII characters.

        ``first``: nothing is encrypted yet, so the key is made if there is none.
        """
        if first and not self.path.exists():
            _make(self.path, _fernet_key())
        return self._fernet().encrypt(value).decode()

    def decrypt(self, token: str) -> bytes:
        """What was encrypted. Raises Unavailable without the right key."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(token)
        except InvalidToken:
            raise Unreadable(self.path, "is another key") from None

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet  # only servers with secrets load it

        try:
            return Fernet(self.path.read_bytes())
        except FileNotFoundError:
            raise Unreadable(self.path, "is missing") from None
        except ValueError:
            raise Unreadable(self.path, "is no key") from None


def secret_at(path: Path) -> bytes:
    """A secret of 32 bytes that lies at ``path``; made if there is none."""
    if not path.exists():
        _make(path, secrets.token_hex(32).encode())
    return path.read_bytes()


def _fernet_key() -> bytes:
    from cryptography.fernet import Fernet

    return Fernet.generate_key()


def _make(path: Path, key: bytes) -> None:
    """A link gives the file its name: whole or not at all, and only one of two servers'."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".key-")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
