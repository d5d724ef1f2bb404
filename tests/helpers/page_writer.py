"""Writes a site of explorers as the book makes its pages."""

import sys
from pathlib import Path

from vaecourse.explorers.page import SCRIPTS, STYLE_SHEETS
from vaecourse.explorers.page import export as page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import explorers as extension  # noqa: E402


def write_site(folder, pages):
    """Write a page for each dict of explorations (by model name)."""
    extension.copy_files(folder / "explorer")
    links = "".join(f'<script defer src="explorer/{script.name}"></script>' for script in SCRIPTS)
    links += "".join(f'<link rel="stylesheet" href="explorer/{sheet.name}">' for sheet in STYLE_SHEETS)
    for name, explorations in pages.items():
        body = extension.take_out_weights(page.html(explorations), folder / "files", "files")
        (folder / f"{name}.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"{links}<body>{body}</body></html>"
        )
