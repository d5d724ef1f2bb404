"""Explorers that run in a browser without a kernel.

``export.py`` writes the pictures, numbers and weights of an exploration as HTML. The scripts of :data:`SCRIPTS` decode,
encode drawings of digits, and draw in the reader's browser; a page needs them and ``explorer.css``.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent
STYLE_SHEET = _FOLDER / "explorer.css"
# Each script needs those before it. They are plain scripts, because browsers refuse modules on a page opened from disk.
_COMPUTING = ("kernel", "weights", "network", "generators", "encoder", "preparing", "model", "files")
_SHOWING = (
    *("controls", "pictures", "ink", "pad", "plane", "painter", "levels"),
    *("report", "start", "paths", "explorer", "opening"),
)
SCRIPTS = tuple(_FOLDER / f"{name}.js" for name in (*_COMPUTING, *_SHOWING))
