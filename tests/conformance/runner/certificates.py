"""The certificates of a plant, made for one run: what scripts call `$tls`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

# The name in a certificate where it is not that of the address.
OTHER_NAME = "press-7.plant.example"
_HOST = "127.0.0.1"


def write_certificates(folder: Path) -> dict[str, str]:
    """Writes them as PEM files; answers the paths by their names in scripts."""
    authority, stranger = trustme.CA(), trustme.CA()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificates = {
        "server": authority.issue_cert(_HOST, "localhost"),
        "other_name": authority.issue_cert(OTHER_NAME),
        "expired": authority.issue_cert(_HOST, not_after=yesterday),
        "ann": authority.issue_cert("ann.plant.example", common_name="ann"),
        "ann_expired": authority.issue_cert("ann.plant.example", common_name="ann", not_after=yesterday),
        "stranger": stranger.issue_cert("eve.plant.example", common_name="eve"),
    }
    paths = {"missing": str(folder / "missing.pem"), "no_pem": str(folder / "no_pem.pem")}
    Path(paths["no_pem"]).write_text("this is no certificate\n", "ascii")
    for name, one in (("ca", authority), ("stranger_ca", stranger)):
        paths[name] = str(folder / f"{name}.pem")
        one.cert_pem.write_to_path(paths[name])
    for name, certificate in certificates.items():
        paths[name], paths[f"{name}_key"] = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
        certificate.private_key_pem.write_to_path(paths[f"{name}_key"])
        for index, part in enumerate(certificate.cert_chain_pems):
            part.write_to_path(paths[name], append=index > 0)
    return paths
