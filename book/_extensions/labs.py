"""A Sphinx extension of the book: the directive ``vae-lab``, and the scripts of the lab on pages that hold one.

```{vae-lab}
:data: ring
:beta: 4
```
"""

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from explorers import copy_files

from vaecourse.explorers.lab import SCRIPTS, STYLE_SHEETS, html
from vaecourse.explorers.page import ELEMENTS, PANEL

MARK = 'class="lab"'


def truth(text: str) -> bool:
    return directives.choice(text, ("true", "false")) == "true"


OPTIONS = {
    "data": str,
    "units": int,
    "levels": int,
    "beta": float,
    "upper_beta": float,
    "learning_rate": float,
    "sigma": float,
    "learn_sigma": truth,
    "batch_size": int,
    "seed": int,
}


class LabDirective(Directive):
    """The lab, with the settings of :func:`vaecourse.lab` as options."""

    option_spec = OPTIONS

    def run(self):
        try:
            return [nodes.raw("", html(**self.options), format="html")]
        except (TypeError, ValueError) as error:
            raise self.error(str(error)) from error


def address(file: Path) -> str:
    """Where a file lies on the site; a page that has explorers too loads what both need once."""
    return f"{'explorer' if file in (ELEMENTS, PANEL) else 'lab'}/{file.name}"


def add_scripts(app, pagename, templatename, context, doctree):
    if MARK not in context.get("body", ""):
        return
    for sheet in STYLE_SHEETS:
        app.add_css_file(address(sheet))
    for script in SCRIPTS:
        app.add_js_file(address(script), loading_method="defer")


def setup(app):
    app.add_directive("vae-lab", LabDirective)
    files = tuple(file for file in (*STYLE_SHEETS, *SCRIPTS) if address(file).startswith("lab/"))
    app.connect("builder-inited", lambda app: copy_files(Path(app.outdir, "_static", "lab"), files))
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True}
