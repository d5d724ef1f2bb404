"""Explorers that run in a browser without a kernel.

``export.py`` writes the pictures, numbers and weights of an exploration as HTML. The scripts of :data:`SCRIPTS` decode,
encode drawings of digits, and draw in the reader's browser; a page needs them and :data:`STYLE_SHEETS`.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

_FOLDER = Path(__file__).parent
ELEMENTS, PANEL = _FOLDER / "elements.js", _FOLDER / "panel.css"  # the lab needs these too
STYLE_SHEETS = (PANEL, _FOLDER / "explorer.css")
# Each script needs those before it. They are plain scripts, because browsers refuse modules on a page opened from disk.
_COMPUTING = ("kernel", "weights", "network", "generators", "encoder", "preparing", "model", "files")
_SHOWING = (
    *("controls", "pictures", "ink", "pad", "plane", "painter", "levels"),
    *("report", "start", "paths", "explorer", "opening"),
)
SCRIPTS = (ELEMENTS, *(_FOLDER / f"{name}.js" for name in (*_COMPUTING, *_SHOWING)))

# In the dark, the variables that the book's theme sets for the style sheets.
_DARK = """--pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af; --pst-color-border: #48566b;
--pst-color-background: #14181e; --pst-color-surface: #222832; --pst-color-primary: #3fb1c5;"""
# The style sheets ask for the theme of the page; here it is that of the browser.
_THEME = (
    'const dark = matchMedia("(prefers-color-scheme: dark)"); '
    'const follow = () => (document.documentElement.dataset.theme = dark.matches ? "dark" : "light"); '
    'follow(); dark.addEventListener("change", follow);'
)


def whole_page(title: str, style: str, content: str, style_sheets: Sequence[Path], scripts: Sequence[Path]) -> str:
    """HTML of a page that needs no other file: it contains its style sheets, and its scripts after the content."""
    sheets = "\n".join(sheet.read_text(encoding="utf-8") for sheet in style_sheets)
    code = "\n".join(f"<script>\n{script.read_text(encoding='utf-8')}</script>" for script in scripts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
:root {{ color-scheme: light dark; }}
html[data-theme="dark"] {{ {_DARK} }}
body {{ background: var(--pst-color-background, #fff); color: var(--pst-color-text-base, #222832); }}
{style}
{sheets}</style>
<script>{_THEME}</script>
</head>
<body>
{content}
{code}
</body>
</html>
"""
