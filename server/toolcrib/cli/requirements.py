"""What this installation of Toolcrib requires of other packages, and whether it is there."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement as Specification

_EXTRAS = ("", "codegen", "server")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package, as the project asks for it, and the version that is installed, if any."""

    specification: Specification
    installed: str | None

    def is_met(self) -> bool:
        """Whether what is installed will do."""
        return self.installed is not None and self.specification.specifier.contains(self.installed, prereleases=True)


def requirements() -> list[Requirement]:
    """What the command line and the server need here, by name."""
    specifications = map(Specification, metadata.requires("toolcrib") or ())
    needed = {
        specification.name: specification
        for specification in specifications
        if specification.name != "toolcrib" and _applies(specification)
    }
    return [Requirement(specification, _installed(name)) for name, specification in sorted(needed.items())]


def _applies(specification: Specification) -> bool:
    marker = specification.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in _EXTRAS)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
