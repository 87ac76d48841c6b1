"""A certificate authority of the emulator's own, and the server certificate that it signs."""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path

NAMES = ("localhost",)
ADDRESSES = ("127.0.0.1", "::1")
LIFE = datetime.timedelta(days=825)  # the longest that macOS accepts for a server certificate
RENEW_BEFORE = datetime.timedelta(days=30)


def ensure(folder: Path) -> tuple[Path, Path]:
    """The server's certificate and key in `folder`, made where there are none or they are about to expire."""
    from cryptography import x509

    certificate, key = folder / "server.pem", folder / "server.key"
    if certificate.exists() and key.exists() and (folder / "ca.pem").exists():
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        if loaded.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > RENEW_BEFORE:
            return certificate, key
    folder.mkdir(mode=0o700, exist_ok=True)
    _make(folder, certificate, key)
    return certificate, key


def _make(folder: Path, certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def builder(common_name: str, issuer: str) -> x509.CertificateBuilder:
        subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (common_name, issuer))
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + LIFE)
        )

    authority_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    ca = (
        builder("azureml_local CA", "azureml_local CA")
        .public_key(ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), critical=True
        )
        .add_extension(authority_id, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    alternative: list[x509.GeneralName] = [x509.DNSName(name) for name in NAMES]
    alternative += [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    server = (
        builder("localhost", "azureml_local CA")
        .public_key(server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(server_key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    # The CA's private key is used for this one signature and never written down.
    private = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))


def bundle(folder: Path) -> Path:
    """The authorities that a client should trust: those it trusts already, and the emulator's.

    REQUESTS_CA_BUNDLE replaces a process's authorities, so that its other connections need the old ones too.
    """
    import certifi

    path = folder / "bundle.pem"
    before = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    known = Path(before)
    if known == path or not known.is_file():
        known = Path(certifi.where())
    content = known.read_text().rstrip() + "\n" + (folder / "ca.pem").read_text()
    if not path.exists() or path.read_text() != content:
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(content)
        temporary.replace(path)
    return path
