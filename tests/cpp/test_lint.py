"""What clang-tidy is set to find it finds in headers too: some versions pass over them, whatever its settings say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.cpp import CLIENT


def test_a_mistake_in_a_header_is_found(tmp_path: Path) -> None:
    shutil.copy(CLIENT / ".clang-tidy", tmp_path)
    (tmp_path / "planted.h").write_text("inline int* Planted() { return 0; }\n")
    source = tmp_path / "source.cc"
    source.write_text('#include "planted.h"\n')
    command = [str(Path(sys.executable).with_name("clang-tidy")), "--quiet", str(source), "--"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "planted.h:1:32: error: use nullptr" in done.stdout
