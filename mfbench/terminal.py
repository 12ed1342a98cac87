"""How text for standard output is to be laid out."""

from __future__ import annotations

import shutil
import sys
from typing import Any


def terminal() -> dict[str, Any]:
    """What `report` must know of the terminal; nothing where there is none."""
    if not sys.stdout.isatty():
        return {}
    return {"terminal": True, "width": shutil.get_terminal_size().columns}
