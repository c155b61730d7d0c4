"""Kubeconfigs, certificates and plugins to try."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes.scripted import kubeconfig

SERVER = "https://cluster.example:6443"


def around(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], **more}


def with_token(path: Path, token: str, **context: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return kubeconfig(path, SERVER, {"token": token}, **context)


def pair() -> tuple[bytes, bytes]:
    """A certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "it")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(now)
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8
    bare = serialization.NoEncryption()
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, form, bare),
    )


V1 = "client.authentication.k8s.io/v1"


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def answer(**credential: str) -> str:
    told = {"apiVersion": V1, "kind": "ExecCredential", "status": credential}
    return f"cat <<'END'\n{json.dumps(told)}\nEND"


def fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


def plugged(home: Path, script: str, **entry: Any) -> tuple[Settings, Path]:
    """Settings that allow it, and the program."""
    plugin = program(home / "plugin", script)
    path = home / "config"
    run = {"command": str(plugin), "apiVersion": V1, **entry}
    kubeconfig(path, SERVER, {"exec": run})
    return Settings(kubeconfig=str(path), credential_plugins=[run["command"]]), plugin
