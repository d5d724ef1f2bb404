"""Explorers that run in a browser without a kernel: what Python writes, and the scripts that read it.

``export.py`` writes the pictures, numbers and weights of an exploration as HTML; ``network.js`` and its neighbours draw
with them in the reader's browser. A page needs ``explorer.css`` and the scripts of :data:`SCRIPTS`.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent
STYLE_SHEET = _FOLDER / "explorer.css"
# In the order in which they need one another. Plain scripts: browsers refuse modules on a page opened from disk.
SCRIPTS = tuple(
    _FOLDER / f"{name}.js"
    for name in ("kernel", "network", "model", "files", "controls", "pictures", "levels", "start", "explorer")
)
