"""What a record keeps of a child's standard error."""

from __future__ import annotations

import sys
import sysconfig

from mfbench.last_words import KEPT, tail, without_folders


def test_files_are_named_from_where_modules_are_found(tmp_path):
    modules = sysconfig.get_paths()["purelib"]
    assert modules in sys.path
    said = tmp_path / "stderr"
    said.write_text(f'  File "{modules}/package/module.py", line 3, in solve\nRuntimeWarning: overflow\n')
    assert tail(said) == '  File "package/module.py", line 3, in solve\nRuntimeWarning: overflow\n'


def test_only_the_end_is_kept(tmp_path):
    said = tmp_path / "stderr"
    said.write_text("x" * KEPT + "the end")
    assert tail(said) == ("x" * KEPT + "the end")[-KEPT:]
    assert tail(tmp_path / "none") == ""


def test_the_longest_folder_goes_first_and_relative_ones_stay():
    text = "/a/b/c.py, /a/d.py, b/e.py, /f.py"
    assert without_folders(text, ["/a", "/a/b/", "b", "/", ""]) == "c.py, d.py, b/e.py, /f.py"
