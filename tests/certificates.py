"""A certificate that a server on the loopback shows."""

import subprocess
from pathlib import Path

from tests.programs import need


def certificate_in(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate that vouches for itself; it counts where it is trusted."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=here", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*made, *named, *files], check=True, capture_output=True)
    return key, certificate
