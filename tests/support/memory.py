"""A temporary folder in memory for a run of the tests: what is tested survives a kill, not a power cut, so that waiting
for the disk shows nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
# Containers often have 64 MB there, or let nothing be executed, as tests of packages have to.
_FREE_BYTES_MIN = 4 << 30
_VARIABLE = "TMPDIR"


@contextmanager
def temporary_files_in_memory() -> Iterator[None]:
    """This process and its children make temporary files in memory, where there is room and TMPDIR says nothing."""
    if _VARIABLE in os.environ or not _has_room():
        yield
        return
    folder = tempfile.mkdtemp(prefix="toolcrib-tests-", dir=_MEMORY)
    # For servers that run as another user.
    Path(folder).chmod(0o755)
    os.environ[_VARIABLE], before = folder, tempfile.tempdir
    tempfile.tempdir = None
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def _has_room() -> bool:
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return False
    is_usable = os.access(_MEMORY, os.W_OK) and not found.f_flag & os.ST_NOEXEC
    return is_usable and found.f_bavail * found.f_frsize >= _FREE_BYTES_MIN
