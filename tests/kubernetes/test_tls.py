"""Over TLS both sides prove who they are."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api, ApiError
from tests.kubernetes.scripted import (
    Server,
    hello,
    kubeconfig,
)


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this name that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    paths[0].write_bytes(signed.public_bytes(pem))
    paths[1].write_bytes(key.private_bytes(pem, form, bare))
    return paths


async def asked_over_tls(folder: Path, user: Any, **cluster: Any) -> Any:
    """A server that wants a client certificate of its own authority, asked once."""
    mine, theirs = certificate(folder, "cluster.example"), certificate(folder, "client")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*mine)
    tls.load_verify_locations(theirs[0])
    tls.verify_mode = ssl.CERT_REQUIRED
    async with Server(hello, tls) as server:
        path = kubeconfig(folder / "kubeconfig", server.url, user, **cluster)
        api = await Api.open(Settings(kubeconfig=str(path)))
        try:
            return await api.request("GET", "/api")
        finally:
            await api.close()


CLIENT = {"client-certificate": "client.pem", "client-key": "client.key"}


AUTHORITY = {"certificate-authority": "cluster.example.pem"}


async def test_both_sides_prove_themselves_over_tls(tmp_path: Path) -> None:
    named = {**AUTHORITY, "tls-server-name": "cluster.example"}
    assert await asked_over_tls(tmp_path, CLIENT, **named) == {"hello": True}


@pytest.mark.parametrize("cluster", [AUTHORITY, {"tls-server-name": "cluster.example"}])
async def test_a_server_that_cannot_prove_itself_gets_nothing(
    cluster: dict[str, str], tmp_path: Path
) -> None:
    """Another name than the certificate's, or a certificate that nobody vouches for."""
    with pytest.raises(ApiError, match="certificate verify failed") as failed:
        await asked_over_tls(tmp_path, CLIENT, **cluster)
    assert failed.value.status == 0


async def test_an_unchecked_certificate_is_accepted_where_the_kubeconfig_says_so(
    tmp_path: Path,
) -> None:
    skip = {"insecure-skip-tls-verify": True}
    assert await asked_over_tls(tmp_path, CLIENT, **skip) == {"hello": True}
