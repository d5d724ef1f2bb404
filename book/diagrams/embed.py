"""Put the drawings into the notebooks: ``python book/diagrams/embed.py`` after ``draw.py``.

A notebook on Colab has no files beside it, and Colab shows no SVG in a text cell (googlecolab/colabtools, issue 2092).
So a notebook carries a copy of each of its drawings as a PNG, which says inside of which SVG it was made. The book
shows the SVG in its place (``book/_extensions/drawings.py``).

To add a drawing, write ``<img alt="…" width="540" src="NAME.svg">`` on a line of its own in a text cell, an empty line,
and the caption as one paragraph in italics. Then run this command. It needs Playwright and Chromium, as the tests do.
"""

import base64
import hashlib
import io
import json
import re
import shutil
from pathlib import Path

from PIL import Image, PngImagePlugin

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parents[1] / "notebooks"
COPY = re.compile(r'(<img [^>]*src=")(data:image/png;base64,[^"]+|\w+\.svg)(">)')
COLOURS, SCALE = 64, 2  # of a copy: it is read at half its pixels


def origin(source: str) -> tuple[str, str]:
    """Return the name of the drawing that an image is a copy of, and the hash of its SVG ("" if none)."""
    if not source.startswith("data:"):
        return Path(source).stem, ""
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        return image.text.get("drawing", ""), image.text.get("sha256", "")


def fingerprint(name: str) -> str:
    return hashlib.sha256((HERE / f"{name}.svg").read_bytes()).hexdigest()


def as_png(browser, name: str) -> str:
    """Return the drawing as a data address of a PNG: dark on white, since it cannot know the colour of the page."""
    page = browser.new_page(device_scale_factor=SCALE)
    page.set_content(f'<body style="margin:0">{(HERE / f"{name}.svg").read_text()}')
    page.add_style_tag(content="svg { color: #222; background: white; padding: 8px }")
    pixels = page.locator("svg").screenshot()
    page.close()
    notes, png = PngImagePlugin.PngInfo(), io.BytesIO()
    notes.add_text("drawing", name)
    notes.add_text("sha256", fingerprint(name))
    picture = Image.open(io.BytesIO(pixels)).convert("RGB").quantize(COLOURS)
    picture.save(png, "PNG", optimize=True, pnginfo=notes)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def renew(browser, text: str) -> str:
    """Return the text of a cell with a new copy of each drawing that has changed."""

    def copy(match: re.Match) -> str:
        name, made_of = origin(match[2])
        return match[0] if made_of == fingerprint(name) else match[1] + as_png(browser, name) + match[3]

    return COPY.sub(copy, text)


def main() -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            notebook = json.loads(path.read_text())
            for cell in notebook["cells"]:
                source = cell["source"]
                if cell["cell_type"] == "markdown":
                    text = renew(browser, "".join(source))
                    cell["source"] = text.splitlines(keepends=True) if isinstance(source, list) else text
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
