"""The signs of all drawings of the course. The same sign means the same thing in every drawing.

A square is an image, shaded where it is given by the data. A circle is a code, or one unit of it. A trapezium is a
network: orange, with its narrow side at the code, is an encoder; blue, opening to the image, is a decoder. A box with
round corners is something computed. A bell is a Gaussian; an ellipse is a Gaussian over two units, seen from above.

A solid blue arrow belongs to the model (generation, p, θ). A dashed orange arrow belongs to inference (q, φ). A thin
arrow in the colour of the text carries a value onwards. A thick pink arrow is a gradient.

A bar is an amount of nats: blue for the distortion, green for the rate, hatched for the gap of a bound.

Lines and letters take the colour of the page (``currentColor``), and nothing has a background, so a drawing reads in
the light and in the dark. Letters are 17 px in a drawing of 540 px: on a phone they keep 11 px.
"""

import re
from html import escape

WIDTH = 540
LETTERS = 17
MODEL, INFERENCE, RATE, GRADIENT = "#0072b2", "#d55e00", "#009e73", "#cc79a7"  # of vaecourse/plots/style.py
INK = "currentColor"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif"
COLOURS = {"model": MODEL, "inference": INFERENCE, "value": INK, "gradient": GRADIENT}
STROKES = {
    "model": 'stroke-width="2.4"',
    "inference": 'stroke-width="2.4" stroke-dasharray="7 4"',
    "value": 'stroke-width="1.4"',
    "gradient": 'stroke-width="5"',
}


def letters(text: str) -> str:
    """Mark-up of a text, in which ``_`` lowers the sign that follows."""
    return re.sub(r"_(.)", r'<tspan dy="5" font-size="72%">\1</tspan><tspan dy="-5">&#8203;</tspan>', escape(text))


class Drawing:
    """An SVG that is drawn sign by sign. All places are centres, in pixels."""

    def __init__(self, name: str, height: int, title: str):
        self.name, self.height, self.title = name, height, title
        self.parts: list[str] = []

    def __str__(self) -> str:
        heads = "".join(self._head(kind) for kind in COLOURS)
        hatching = (
            f'<pattern id="{self.name}-hatching" width="7" height="7" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><path d="M0 0v7" stroke="{INK}" stroke-width="2"/></pattern>'
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
                f'height="{self.height}" style="max-width:100%;height:auto" color="#7a7a7a" fill="{INK}" '
                f'font-family="{FONT}" font-size="{LETTERS}">',
                f"<title>{escape(self.title)}</title>",
                f"<defs>{heads}{hatching}</defs>",
                *self.parts,
                "</svg>\n",
            ]
        )

    def _head(self, kind: str) -> str:
        size = 17 if kind == "gradient" else 11
        return (
            f'<marker id="{self.name}-{kind}" viewBox="0 0 10 10" refX="8" refY="5" markerUnits="userSpaceOnUse" '
            f'markerWidth="{size}" markerHeight="{size}" orient="auto">'
            f'<path d="M0 0 10 5 0 10z" fill="{COLOURS[kind]}"/></marker>'
        )

    def add(self, markup: str) -> None:
        self.parts.append(markup)

    def text(self, x, y, text, anchor="middle", size=LETTERS, bold=False, italic=False, colour=INK):
        """Text on a line at ``y``."""
        style = ' font-weight="700"' * bold + ' font-style="italic"' * italic
        place = f'x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"'
        self.add(f'<text {place} fill="{colour}"{style}>{letters(text)}</text>')

    def lines(self, x, y, texts, step=21, **keywords):
        """Several lines of text, the first one at ``y``."""
        for row, text in enumerate(texts):
            self.text(x, y + row * step, text, **keywords)

    def path(self, d, colour=INK, width=1.5, fill="none", opacity=1.0, dashes=""):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.add(
            f'<path d="{d}" fill="{fill}" fill-opacity="{opacity}" stroke="{colour}" stroke-width="{width}"{dashed}/>'
        )

    def arrow(self, d, kind="value", head=True):
        """An arrow along a path, of one of the kinds that the module describes."""
        end = f' marker-end="url(#{self.name}-{kind})"' if head else ""
        self.add(f'<path d="{d}" fill="none" stroke="{COLOURS[kind]}" {STROKES[kind]}{end}/>')

    def image(self, x, y, label="", side=44, given=False):
        shade = 0.22 if given else 0
        self.add(
            f'<rect x="{x - side / 2:g}" y="{y - side / 2:g}" width="{side}" height="{side}" fill-opacity="{shade}" '
            f'stroke="{INK}" stroke-width="1.8"/>'
        )
        if label:
            self.text(x, y + 6, label, italic=True, size=19)

    def code(self, x, y, label="", r=22):
        self.add(f'<circle cx="{x}" cy="{y}" r="{r}" fill="none" stroke="{INK}" stroke-width="1.8"/>')
        if label:
            self.text(x, y + 6, label, italic=True, size=19)

    def computed(self, x, y, label, width=60, height=34, **keywords):
        self.add(
            f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width}" height="{height}" rx="9" fill="none" '
            f'stroke="{INK}" stroke-width="1.4"/>'
        )
        self.text(x, y + 6, label, **keywords)

    def _trapezium(self, corners, colour):
        points = " ".join(f"{x:g},{y:g}" for x, y in corners)
        self.add(
            f'<polygon points="{points}" fill="{colour}" fill-opacity="0.16" stroke="{colour}" stroke-width="1.8"/>'
        )

    def encoder(self, left, right, y, tall=80, low=36):
        corners = [(left, y - tall / 2), (right, y - low / 2), (right, y + low / 2), (left, y + tall / 2)]
        self._trapezium(corners, INFERENCE)

    def decoder(self, left, right, y, tall=80, low=36):
        corners = [(left, y - low / 2), (right, y - tall / 2), (right, y + tall / 2), (left, y + low / 2)]
        self._trapezium(corners, MODEL)

    def bell(self, x, base, width=60, height=34, colour=INK, fill=0.0, stroke=1.8):
        """A Gaussian curve of three standard deviations to each side, over its base line."""
        steps = [k / 8 for k in range(-24, 25)]
        points = [(x + width / 6 * t, base - height * 2.718281828 ** (-t * t / 2)) for t in steps]
        d = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        self.path(d, colour=colour, width=stroke, fill=colour if fill else "none", opacity=fill)

    def bar(self, x, y, width, height, colour=INK, opacity=0.45):
        """A bar by its upper left corner."""
        self.add(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{colour}" fill-opacity="{opacity}" '
            f'stroke="{INK}" stroke-width="1.2"/>'
        )

    def hatched(self, x, y, width, height):
        self.add(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="url(#{self.name}-hatching)" '
            f'stroke="{INK}" stroke-width="1.2"/>'
        )
