"""An explorer as one HTML file that works when opened from disk, and in a frame of a notebook."""

from html import escape
from pathlib import Path

from IPython.display import HTML

from vaecourse.explorers.exploration import Exploration
from vaecourse.explorers.page import SCRIPTS, STYLE_SHEET
from vaecourse.explorers.page.export import html
from vaecourse.files import atomic_path

TITLE = "Explorer of latent codes"
# In the dark, the variables that the book's theme sets for explorer.css.
COLOURS = """:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af; --pst-color-border: #48566b;
    --pst-color-background: #14181e; --pst-color-surface: #222832; --pst-color-primary: #3fb1c5; }
}"""
FRAME = """<div><iframe title="{title}" srcdoc="{page}" sandbox="allow-scripts"
style="width: 100%; height: {height}px; border: 0"></iframe></div>"""


def write(path: Path, explorations: dict[str, Exploration], task: str = "") -> None:
    """Write the explorer of one or several models (by name), with its scripts and weights, as one HTML file.

    Raises
    ------
    ValueError, TypeError
        The errors of :func:`vaecourse.explorers.page.export.html`.
    """
    page = _page(explorations, task)
    with atomic_path(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def frame(explorations: dict[str, Exploration], height: int, task: str = "") -> HTML:
    """The same page in a frame of a notebook, which may run scripts and nothing else.

    Raises
    ------
    ValueError, TypeError
        The errors of :func:`vaecourse.explorers.page.export.html`.
    """
    return HTML(FRAME.format(title=_title(explorations), page=escape(_page(explorations, task)), height=height))


def _title(explorations: dict[str, Exploration]) -> str:
    return escape(f"{TITLE}: {', '.join(explorations)}")


def _page(explorations: dict[str, Exploration], task: str) -> str:
    scripts = "\n".join(f"<script>\n{script.read_text(encoding='utf-8')}</script>" for script in SCRIPTS)
    title = _title(explorations)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{COLOURS}
body {{ margin: 1rem auto; max-width: 60rem; padding: 0 1rem; font-family: system-ui, sans-serif; }}
body {{ background: var(--pst-color-background, #fff); color: var(--pst-color-text-base, #222832); }}
{STYLE_SHEET.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{html(explorations, task)}
</main>
{scripts}
</body>
</html>
"""
