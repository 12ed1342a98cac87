"""The command on studies whose law is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mfbench.cli import main

PLUGINS = Path(__file__).parents[1] / "plugins"


@pytest.fixture
def study(toy_plugin, tmp_path, monkeypatch):
    """`mfbench study` with the plugins of the tests, in a folder of the test's own: its output and its errors.

    In this process: a new one for each call would spend most of its time on imports.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MFBENCH_RESULTS", raising=False)

    def call(*arguments, expected=0, command="study"):
        plugins = ("--plugin", toy_plugin, "--plugin", str(PLUGINS / "study_plugin.py"))
        done = CliRunner().invoke(main, [command, *arguments, *plugins])
        assert done.exit_code == expected, f"{done.output}\n{done.exception!r}"
        return done.stdout, done.stderr

    return call
