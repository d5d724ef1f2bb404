"""An explorer as one HTML file that works when opened from disk, and in a frame of a notebook."""

from html import escape
from pathlib import Path

from IPython.display import HTML

from vaecourse.explorers.exploration import Exploration
from vaecourse.explorers.page import SCRIPTS, STYLE_SHEETS, whole_page
from vaecourse.explorers.page.export import html
from vaecourse.files import atomic_path

TITLE = "Explorer of latent codes"
FRAME = """<div><iframe title="{title}" srcdoc="{page}" sandbox="allow-scripts"
style="width: 100%; height: {height}px; border: 0"></iframe></div>"""


def write(path: Path, explorations: dict[str, Exploration], task: str = "", level: int = 1) -> None:
    """Write the explorer of one or several models (by name), with its scripts and weights, as one HTML file.

    Raises
    ------
    ValueError, TypeError
        The errors of :func:`vaecourse.explorers.page.export.html`.
    """
    page = _page(explorations, task, level)
    with atomic_path(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def frame(explorations: dict[str, Exploration], height: int, task: str = "", level: int = 1) -> HTML:
    """The same page in a frame of a notebook, which may run scripts and nothing else.

    Raises
    ------
    ValueError, TypeError
        The errors of :func:`vaecourse.explorers.page.export.html`.
    """
    return HTML(
        FRAME.format(title=escape(_title(explorations)), page=escape(_page(explorations, task, level)), height=height)
    )


def _title(explorations: dict[str, Exploration]) -> str:
    return f"{TITLE}: {', '.join(explorations)}"


def _page(explorations: dict[str, Exploration], task: str, level: int) -> str:
    style = "body { margin: 1rem auto; max-width: 60rem; padding: 0 1rem; font-family: system-ui, sans-serif; }"
    title = _title(explorations)
    content = f"<main>\n<h1>{escape(title)}</h1>\n{html(explorations, task, level)}\n</main>"
    return whole_page(title, style, content, STYLE_SHEETS, SCRIPTS)
