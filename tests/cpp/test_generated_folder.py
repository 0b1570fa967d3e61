"""A folder that `toolcrib generate --cpp` wrote builds as its README says, against the installed runtime alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from conformance.languages import built_alone
from support.cpp import BUILT, make, run
from support.killable import nursery
from support.pages import shown
from support.plant import COMPONENTS
from support.toolchains import required
from toolcrib.codegen import Target, generate


def user_program(readme: str, address: str) -> str:
    """The README's program, with all else that it shows in its main; the watch, which would wait, is only compiled."""
    first, watch, errors = shown(readme, "cpp")
    main, end = first.rsplit("}", 1)
    watched = f"  const auto follow = [&] {{\n{watch}}};\n  static_cast<void>(follow);\n"
    return main.replace("127.0.0.1:50051", address) + errors + watched + "}" + end


def user_project(folder: Path, address: str) -> Path:
    """A user's project around the generated folder, of the README's own lines; answers its program."""
    make("sample")
    installed = folder / "installed"
    with built_alone(required("cpp")):
        run("cmake", "--install", BUILT, "--prefix", installed)
    # One of the components: of all kinds the client's driver is built.
    shutil.copytree(COMPONENTS / "plant" / "tools", folder / "components" / "plant" / "tools")
    generate(folder / "components", folder, {Target.CPP})
    readme = (folder / "cpp" / "README.md").read_text("utf-8")
    (folder / "CMakeLists.txt").write_text(shown(readme, "cmake")[0], "utf-8")
    (folder / "controller.cpp").write_text(user_program(readme, address), "utf-8")
    build = folder / "build"
    flags = ["-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", f"-DCMAKE_PREFIX_PATH={installed}"]
    run("cmake", "-S", folder, "-B", build, *flags)
    run("cmake", "--build", build, "-j", "2")
    return build / "controller"


def test_it_builds_and_makes_its_first_call(tmp_path: Path) -> None:
    with nursery(COMPONENTS) as servers:
        server = servers.serve(tmp_path / "plant.db")
        try:
            said = run(user_project(tmp_path, server.address))
        finally:
            server.kill()
    assert said == "0 records\nthere is none\n"
