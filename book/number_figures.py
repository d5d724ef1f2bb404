"""Number the figures and drawings of the chapters, and the references to them: ``python book/number_figures.py``.

A caption is a paragraph in italics right after a cell that draws, or after a drawing. It reads "*Figure 3.2. …*", with
the number of the chapter and of the figure in it. References in the text, "figure 3.2", follow when figures move.
"""

import json
import re
from pathlib import Path

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9][0-9]_*.ipynb"))
CAPTION = re.compile(r"\*(?:(?:Figure )(?P<number>[\d.?]+)\. )?(?P<text>[^*]+)\*")
REFERENCE = re.compile(r"\b(?P<word>[Ff]igures?(?: [\d.]+(?:,| and| to))*) (?P<number>\d+\.\d+)\b")


def captions(cells: list[dict]) -> list[tuple[dict, str]]:
    """Return the captions of a notebook in their order, each with the cell that it stands in."""
    found, before = [], None
    for cell in cells:
        if cell["cell_type"] == "markdown":
            paragraphs = "".join(cell["source"]).split("\n\n")
            for position, paragraph in enumerate(paragraphs):
                drawn = paragraphs[position - 1].startswith("<img") if position else _draws(before)
                if drawn and CAPTION.fullmatch(paragraph):
                    found.append((cell, paragraph))
        before = cell
    return found


def _draws(cell: dict | None) -> bool:
    return cell is not None and "image" in cell["metadata"].get("mystnb", {})


def numbered(notebook: dict, chapter: int) -> dict:
    """Number the figures of a notebook, in place, and return it."""
    renamed = {}
    for count, (cell, paragraph) in enumerate(captions(notebook["cells"]), start=1):
        caption = CAPTION.fullmatch(paragraph)
        renamed[caption["number"]] = number = f"{chapter}.{count}"
        _replace(cell, paragraph, f"*Figure {number}. {caption['text']}*")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            parts = "".join(cell["source"]).split("\n\n")
            parts = [part if CAPTION.fullmatch(part) else _referred(part, renamed) for part in parts]
            cell["source"] = "\n\n".join(parts).splitlines(keepends=True)
    return notebook


def _replace(cell: dict, old: str, new: str) -> None:
    cell["source"] = "".join(cell["source"]).replace(old, new, 1).splitlines(keepends=True)


def _referred(text: str, renamed: dict[str, str]) -> str:
    return REFERENCE.sub(lambda found: f"{found['word']} {renamed.get(found['number'], found['number'])}", text)


if __name__ == "__main__":
    for path in NOTEBOOKS:
        notebook = numbered(json.loads(path.read_text()), int(path.name[:2]))
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
