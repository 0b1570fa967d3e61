"""The Python stubs of the components, as the driver of Python is built with them."""

from __future__ import annotations

import sys

from conformance.languages import BYSTANDER, ROOT, build

_GENERATED = ROOT / BYSTANDER.folder / "build" / "gen"


def import_stubs() -> None:
    """Builds them, and makes them importable."""
    build(BYSTANDER)
    if str(_GENERATED) not in sys.path:
        sys.path.append(str(_GENERATED))
