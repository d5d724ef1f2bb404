"""A Sphinx extension of the book: drawings stand in the page itself, as SVG, with their captions.

Their lines and letters then have the colour of the page, light or dark, and the letters can be read by machines.
"""

import base64
import io
from html import escape
from pathlib import Path

from docutils import nodes
from figures import figure_of, is_caption
from PIL import Image
from sphinx.transforms import SphinxTransform

PNG = "data:image/png;base64,"
DIAGRAMS = Path(__file__).parents[1] / "diagrams"
ALONE = ' color="#7a7a7a"'  # the grey of a drawing that stands on no page


def drawing_of(address: str) -> str:
    """Return the name of the drawing that an image shows: an SVG of the folder, or a copy in a notebook. Else ""."""
    path = Path(address)
    if not address.startswith(PNG):
        return path.stem if path.suffix == ".svg" and path.parent.name == DIAGRAMS.name else ""
    with Image.open(io.BytesIO(base64.b64decode(address.removeprefix(PNG)))) as image:
        return image.text.get("drawing", "")


def on_the_page(name: str, description: str) -> nodes.raw:
    svg = (DIAGRAMS / f"{name}.svg").read_text().replace(ALONE, "", 1)
    title = svg[svg.index("<title>") : svg.index("</title>") + len("</title>")]  # it would be shown under the mouse
    svg = svg.replace(title, "").replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1)
    return nodes.raw("", svg, format="html")


class DrawingsOnThePage(SphinxTransform):
    """Replace each image of a drawing. A paragraph in italics after it becomes its caption."""

    default_priority = 400  # before Sphinx collects labels, at 850

    def apply(self, **keywords):
        for image in list(self.document.findall(nodes.image)):
            if name := drawing_of(image["uri"]):
                drawing = on_the_page(name, image["alt"])
                if isinstance(image.parent, nodes.figure):
                    image.replace_self(drawing)
                else:
                    self._as_figure(image, drawing)

    def _as_figure(self, image, drawing):
        place = image.parent if isinstance(image.parent, nodes.paragraph) else image
        after = place.next_node(descend=False, siblings=True)
        if is_caption(after):
            after.parent.remove(after)
            place.replace_self(figure_of([drawing], after))
        else:
            place.replace_self(drawing)


def setup(app):
    app.add_transform(DrawingsOnThePage)
    return {"version": "1", "parallel_read_safe": True}
