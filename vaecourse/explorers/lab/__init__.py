"""The VAE lab: a page on which a small VAE learns points in the plane, in the reader's browser and without a kernel.

The scripts of :data:`SCRIPTS` train and draw; a page needs them and :data:`STYLE_SHEETS`. ``poster.svg`` is what a
page shows before it is touched, and without JavaScript; ``python book/lab_poster.py`` draws it again.
"""

import html as markup
import json
import os
from collections.abc import Sequence
from numbers import Real
from pathlib import Path

from vaecourse.checks import one_of
from vaecourse.explorers.page import ELEMENTS, PANEL, whole_page
from vaecourse.files import atomic_path

__all__ = ["SCRIPTS", "STYLE_SHEETS", "html", "lab", "save_page"]

_FOLDER = Path(__file__).parent
STYLE_SHEETS = (PANEL, _FOLDER / "lab.css")
POSTER = _FOLDER / "poster.svg"
# Each script needs those before it. They are plain scripts, because browsers refuse modules on a page opened from disk.
_COMPUTING = ("random", "dense", "model", "datasets", "quadrature", "run", "settings")
_SHOWING = ("markup", "plane", "codes", "curves", "one_step", "views", "lab", "opening")
SCRIPTS = (ELEMENTS, *(_FOLDER / f"{name}.js" for name in (*_COMPUTING, *_SHOWING)))

DATA = ("ring", "moons", "mixture", "spiral", "own")
PAGE_VARIABLE = "VAECOURSE_PAGE_EXPLORERS"  # set while the book is built: the page has the scripts already
ALT = (
    "A ring of points in the plane, and a blue line that a decoder of one unit has bent around it. Beside it the "
    "narrow posteriors of six points, spread over the prior."
)
CAPTION = "The VAE lab: a small VAE learns these points in your browser. It needs JavaScript; this is a picture of it."


def lab(**settings):
    """The VAE lab: a page on which a small VAE learns points in the plane while the reader turns β.

    It trains in the reader's browser: no kernel, no network. Everything that is set here can be changed by hand.

    Parameters
    ----------
    **settings
        Any of these. ``data``: "ring" (default), "moons", "mixture", "spiral" or "own"; the reader sets the points of
        "own", or ``points`` does: at most 64 pairs (x, y) within ±2.5. ``units`` of each level: 1 (default) or 2.
        ``levels``: 1 (default) for p(z₁) p(x|z₁), or 2 for p(z₂) p(z₁|z₂) p(x|z₁), inferred bottom-up. ``beta`` and
        ``upper_beta``: weights of the rates of levels 1 and 2, from 0 to 64 (default 1). ``sigma``: standard deviation
        of the decoder, from 0.05 to 1 (default 0.15); with ``learn_sigma=True`` only at the start. ``learning_rate``:
        from 0.0003 to 0.03 (default 0.003). ``batch_size``: a power of 2 from 8 to 512 (default 128). ``seed`` of the
        data, the first weights and all noise: the same settings give the same run.

    Returns
    -------
    IPython's HTML
        A notebook shows it if it is the last expression of a cell. In Jupyter and Colab it is a frame of its own.

    Raises
    ------
    TypeError, ValueError
        If there is no such setting, or a value is outside its range.
    """
    from IPython.display import HTML

    if os.environ.get(PAGE_VARIABLE):
        return HTML(html(**settings))
    page = markup.escape(_page(settings), quote=True)
    frame = "width: 100%; height: 1100px; border: 0"  # the page sets the height to its own, where it may
    return HTML(f'<div><iframe srcdoc="{page}" style="{frame}" title="VAE lab" allow="clipboard-write"></iframe></div>')


def save_page(path: str | Path, **settings) -> None:
    """Write the lab as one HTML file that needs no kernel, no network and no other file.

    Parameters
    ----------
    path : path
        Path of the file, for instance ``"lab.html"``.
    **settings
        Settings of :func:`vaecourse.lab`.

    Raises
    ------
    TypeError, ValueError
        The errors of :func:`vaecourse.lab`.
    """
    with atomic_path(Path(path)) as unfinished:
        unfinished.write_text(_page(settings), encoding="utf-8")


def html(**settings) -> str:
    """The lab as HTML for a page that has :data:`SCRIPTS` and :data:`STYLE_SHEETS`.

    Raises
    ------
    TypeError, ValueError
        The errors of :func:`vaecourse.lab`.
    """
    described = markup.escape(json.dumps(_checked(settings)), quote=True)
    poster = POSTER.read_text(encoding="utf-8").replace("<svg", f'<svg role="img" aria-label="{markup.escape(ALT)}"', 1)
    return f"""<div class="lab" role="group" aria-label="VAE lab" data-settings="{described}">
<figure class="lab-poster">
{poster}
<figcaption>{markup.escape(CAPTION)}</figcaption>
</figure>
</div>"""


def _page(settings: dict) -> str:
    style = "body { margin: 0 auto; max-width: 68rem; padding: 0 0.5rem; }"
    return whole_page("VAE lab", style, html(**settings), STYLE_SHEETS, SCRIPTS)


def _checked(settings: dict) -> dict:
    """The settings under the names of ``settings.js``."""
    readers = {
        "data": ("data", lambda value: one_of(value, DATA, "data")),
        "units": ("units", lambda value: _among(value, (1, 2), "units")),
        "levels": ("levels", lambda value: _among(value, (1, 2), "levels")),
        "beta": ("beta", lambda value: _within(value, 0, 64, "beta")),
        "upper_beta": ("beta2", lambda value: _within(value, 0, 64, "upper_beta")),
        "learning_rate": ("rate", lambda value: _within(value, 0.0003, 0.03, "learning_rate")),
        "sigma": ("sigma", lambda value: _within(value, 0.05, 1, "sigma")),
        "learn_sigma": ("learned", bool),
        "batch_size": ("batch", lambda value: _among(value, tuple(2**power for power in range(3, 10)), "batch_size")),
        "seed": ("seed", lambda value: _among(value, range(2**31), "seed")),
        "points": ("points", _points),
    }
    unknown = [name for name in settings if name not in readers]
    if unknown:
        raise TypeError(f"the lab has no setting {unknown[0]!r}: choose among {', '.join(readers)}")
    return {readers[name][0]: readers[name][1](value) for name, value in settings.items()}


def _among(value, allowed: Sequence[int], name: str) -> int:
    if value not in allowed:
        listed = f"from 0 to {allowed[-1]}" if isinstance(allowed, range) else f"one of {', '.join(map(str, allowed))}"
        raise ValueError(f"{name} must be {listed}, got {value!r}")
    return int(value)


def _within(value, low: float, high: float, name: str) -> float:
    if not isinstance(value, Real) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}, got {value!r}")
    return float(value)


def _points(values) -> list[list[float]]:
    points = [[float(number) for number in point] for point in values]
    if len(points) > 64 or any(len(point) != 2 or max(map(abs, point)) > 2.5 for point in points):
        raise ValueError("points must be at most 64 pairs (x, y) within ±2.5: scale them")
    return points
