"""A Sphinx extension of the book: it adds explorers that run on the page, and refuses widgets that need a kernel."""

import base64
import hashlib
import os
import re
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError

from vaecourse.explorers.page import SCRIPTS, STYLE_SHEETS

WEIGHTS = re.compile(r'(<script type="application/octet-stream" class="explorer-weights")>([A-Za-z0-9+/=]*)</script>')
DROPPED = re.compile(
    r"application/vnd\.jupyter\.widget-view|[Ff]ailed to display Jupyter Widget|Error displaying widget"
)


def take_out_weights(html: str, folder: Path, address: str) -> str:
    """Move the weights of explorers from HTML to files in ``folder``, which the page loads from ``address``.

    A script with the same bytes is written beside each file: a page opened from disk can run it, but not fetch files.
    """

    def store(found):
        opening, text = found.groups()
        data = base64.b64decode(text)
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.bin"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        (folder / name).with_suffix(".js").write_text(f'vaecourse.receive("{name}", "{text}");\n')
        return f'{opening} data-src="{address}/{name}"></script>'

    return WEIGHTS.sub(store, html)


def refuse_widgets(app, doctree, docname):
    """Stop the build at an output that is a widget, or its error message: it would not work on the page."""
    for node in doctree.findall(lambda node: isinstance(node, nodes.raw | nodes.literal_block)):
        if DROPPED.search(node.astext()) and (isinstance(node, nodes.raw) or _is_output(node)):
            raise ExtensionError(
                f"{docname}: an output is a widget that needs a kernel, and would be missing on the page. Show it with "
                "vc.explore, or give the output a picture too"
            )


def _is_output(node: nodes.Node) -> bool:
    while node is not None and "cell_output" not in node.get("classes", []):
        node = node.parent
    return node is not None


def add_explorers(app, pagename, templatename, context, doctree):
    if 'class="explorer-weights"' not in context.get("body", ""):
        return
    address = context["pathto"]("_explorers", resource=True)
    context["body"] = take_out_weights(context["body"], Path(app.outdir, "_explorers"), address)
    for sheet in STYLE_SHEETS:
        app.add_css_file(f"explorer/{sheet.name}")
    for script in SCRIPTS:
        app.add_js_file(f"explorer/{script.name}", loading_method="defer")


def copy_files(folder: Path, files=(*STYLE_SHEETS, *SCRIPTS)):
    """Copy style sheets and scripts, by default those of explorers, to a folder of the site."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copy(path, folder)


def setup(app):
    os.environ["VAECOURSE_PAGE_EXPLORERS"] = "1"  # inherited by the kernels of the build: see vaecourse.explorers
    app.connect("builder-inited", lambda app: copy_files(Path(app.outdir, "_static", "explorer")))
    app.connect("doctree-resolved", refuse_widgets)
    app.connect("html-page-context", add_explorers)
    return {"version": "1", "parallel_read_safe": True}
