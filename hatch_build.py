"""Puts the built wall into the wheel and the sdist; whoever installs those never needs Node.

An editable install builds nothing: it serves what `make wall` built, or a page that says so. An
unpacked sdist carries the wall and takes it as it is.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WallHook(BuildHookInterface):  # type: ignore[misc] # hatchling is no dependency: mypy does not see it
    """Builds the wall before files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Returns Node as a package, where the wall has to be built and PATH has no Node."""
        builder = self._builder()
        if not self._needed() or builder.node_on_path():
            return []
        return [builder.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Builds it; without a page there is no wheel."""
        if version != "editable" and self._needed():
            self._builder().build()

    def _needed(self) -> bool:
        """Whether this is a checkout; an sdist carries the wall."""
        return (Path(self.root) / ".git").exists() or not self._builder().PAGE.is_file()

    def _builder(self) -> ModuleType:
        path = Path(self.root) / "api" / "wall" / "build.py"
        spec = importlib.util.spec_from_file_location("build_wall", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
