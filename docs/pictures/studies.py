"""Make the pictures of docs/studies.md from the published findings, results/studies: one of each study, and one of `width`.

Usage: python docs/pictures/studies.py
"""

from pathlib import Path

import msgspec

from mfbench.report.pictures import draw
from mfbench.studies.findings import Findings
from mfbench_studies import width

ROOT = Path(__file__).parents[2]
FINDINGS, PICTURES = ROOT / "results" / "studies", ROOT / "docs" / "pictures"
TOGETHER = {width.GROUP: tuple(study.name for study in width.STUDIES)}
"""Pictures of several studies."""


def findings_of(study: str) -> Findings:
    """Those published."""
    return msgspec.json.decode((FINDINGS / f"{study}.json").read_bytes(), type=Findings)


def main() -> None:
    """Draw all of them."""
    held = {study for studies in TOGETHER.values() for study in studies}
    alone = {file.stem: (file.stem,) for file in sorted(FINDINGS.glob("*.json")) if file.stem not in held}
    for name, studies in (TOGETHER | alone).items():
        picture = draw([findings_of(study) for study in studies])["svg"]
        (PICTURES / f"study-{name}.svg").write_bytes(picture)


if __name__ == "__main__":
    main()
