"""Draw all drawings of the course: ``python book/diagrams/draw.py`` writes an SVG for each beside this file.

The language that they share is described in ``language.py``.
"""

from pathlib import Path

import amounts
import course
import one_level
import several_levels

HERE = Path(__file__).parent
DRAWINGS = [draw() for module in (course, one_level, amounts, several_levels) for draw in module.DRAWINGS]


if __name__ == "__main__":
    for drawing in DRAWINGS:
        (HERE / f"{drawing.name}.svg").write_text(str(drawing))
