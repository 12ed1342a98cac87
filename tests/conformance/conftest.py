"""The planted defects, under the name by which a plugin file is imported."""

import sys
from pathlib import Path

from mfbench.registry import load_file

PLANTED = Path(__file__).parents[1] / "plugins" / "defective_plugin.py"

if "defective_plugin" not in sys.modules:
    load_file(PLANTED)
