"""Trust in a vCenter, and what to say when there is none.

Verification is always on. pyVim's own context is not used: it silently stops verifying for localhost, 127.0.0.1 and
::1, and a flag "insecure" would be the first thing anybody sets and the last thing anybody takes back.
"""

import hashlib
import socket
import ssl
from typing import Any

from vsphere.errors import CertificateRejected

LOOK_SECONDS = 5.0
"""Reading a certificate only serves a better message, so it may not cost much."""


def trust(ca_file: str | None) -> ssl.SSLContext:
    """A verifying context: the system's authorities, and those of the PEM file `ca_file`.

    They add up because the source may have an enterprise certificate and the target its own VMCA's.

    Raises CertificateRejected when the file cannot be used.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise CertificateRejected(
                f"The certificate authorities in {ca_file!r} cannot be loaded: {error}.",
                remedy="VCFM_VCENTER_CA_FILE must name a readable PEM file.",
            ) from error
    return context


def presented(server: str, port: int) -> str:
    """Who the server says it is: SHA-256 fingerprint, subject and issuer. Sends nothing, trusts nothing."""
    try:
        pem = ssl.get_server_certificate((server, port), timeout=LOOK_SECONDS)
    except OSError as error:
        return f"(the certificate could not be read: {error})"
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    fingerprint = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    return f"SHA-256 {fingerprint}{_names(server, port, pem)}"


def _names(server: str, port: int, pem: str) -> str:
    """Subject and issuer. The standard library decodes only what it has verified, so this trusts exactly one."""
    context = ssl.create_default_context(cadata=pem)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        with (
            socket.create_connection((server, port), timeout=LOOK_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=server) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except OSError:  # expired, for one: then the verification error itself says so
        return ""
    subject, issuer = _line(certificate.get("subject")), _line(certificate.get("issuer"))
    return f", subject {subject!r}, issuer {issuer!r}"


def _line(name: Any) -> str:
    """`((("commonName", "vc"),),)` as `commonName=vc`."""
    return ", ".join(f"{key}={value}" for part in name or () for key, value in part)
