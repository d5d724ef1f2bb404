"""A Sphinx extension of the book: pages load what they need only, and tell browsers what the theme leaves out."""

import base64
import hashlib
import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docutils import nodes
from fontTools import subset
from PIL import Image

# MathJax's own bundle (1.2 MB) without its menu, half of its weight. Screen readers still get MathML.
MATHJAX_PARTS = ["core", "input/tex", "output/chtml", "a11y/assistive-mml"]

LARGE = 50_000  # bytes of a figure that may be worth less than all its pixels, or of a picture for a file of its own
EFFORT = 50  # of 100: a third less time than the default of 80, for 1.5 % more bytes

ICON = re.compile(r"\bfa-[a-z0-9-]+")
ICON_RULE = re.compile(r'(?:\.fa-[a-z0-9-]+:before,?)+\{content:"[^"]*"\}')
ESCAPED = re.compile(r'content:"\\([0-9a-f]{2,4}) ?"')
SEARCH_SCRIPT = re.compile(r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\s*')
MATHEMATICS = re.compile(r'class="[^"]*\bmath\b')
MATHJAX_SCRIPT = re.compile(
    r"<script[^>]*>window\.MathJax.*?</script>\s*|<script[^>]*mathjax[^>]*></script>\s*", re.DOTALL
)
PRIVATE_USE = "\ue000", "\uf8ff"
INLINE_PICTURE = re.compile(r'src="data:image/(\w+);base64,([A-Za-z0-9+/=]+)"')
NOT_LAZY = re.compile(r"<img (?![^>]*\bloading=)")
LABEL = re.compile(r'<p class="((?:collapsed|expanded) admonition-title)">(.*?)</p>')
FIRST_PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{title}</title><meta http-equiv="Refresh" content="0; url={first}"></head>
<body><h1>{title}</h1><p><a href="{first}">The first page</a></p></body>
</html>
"""


def load_parts_of_mathjax(app, config):
    config.mathjax_path = "mathjax/startup.js"
    config.mathjax3_config = {"loader": {"load": MATHJAX_PARTS}, "options": {"enableAssistiveMml": True}}


def keep_used_icons(app, exception):
    """Of the theme's 2,000 icons, in a script (1.5 MB) and in fonts, keep only the used ones in the fonts."""
    static = Path(app.outdir, "_static")
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    if exception is not None or not sheet.exists():
        return
    (static / "scripts" / "fontawesome.js").write_text("// The icons come from the fonts in vendor/fontawesome.\n")
    users = [*Path(app.outdir).rglob("*.html"), *(static / "scripts").glob("*.js")]
    used = {name for path in users for name in ICON.findall(path.read_text())}
    sheet.write_text(
        ICON_RULE.sub(lambda rule: rule[0] if used & set(ICON.findall(rule[0])) else "", sheet.read_text())
    )
    rules = "".join(path.read_text() for path in static.rglob("*.css"))
    icons = {ord(sign) for sign in rules if PRIVATE_USE[0] <= sign <= PRIVATE_USE[1]}
    icons |= {int(code, 16) for code in ESCAPED.findall(rules)}
    for path in (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2"):
        options = subset.Options(flavor="woff2")
        font = subset.load_font(path, options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=icons)
        subsetter.subset(font)
        subset.save_font(font, path, options)


def figures_as_webp(app, doctree):
    """Convert figures of cells to WebP: the same pixels, or nearly the same where that saves two thirds of the bytes.

    It does for pictures of photographs in colour, which are enlarged and smooth. Charts and digits stay as they are.
    """
    pngs = {}
    for image in doctree.findall(nodes.image):
        png = Path(app.env.relfn2path(image["uri"], app.env.docname)[1])
        if png.suffix == ".png" and png.parent.name == "jupyter_execute":  # named by their content
            pngs[image] = png
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # most of the time goes into the encoder, which lets others run
        for image, webp in zip(pngs, pool.map(_as_webp, pngs.values()), strict=True):
            image["uri"] = "/" + os.path.relpath(webp, app.srcdir)


def _as_webp(png: Path) -> Path:
    """Write a picture as WebP beside its file, and return the path."""
    webp = png.with_suffix(".webp")
    shown = _encoded(png, lossless=True, exact=True, quality=EFFORT)
    if len(shown) > LARGE:
        close = _encoded(png, quality=92, alpha_quality=100)
        shown = close if 3 * len(close) < len(shown) else shown
    webp.write_bytes(shown)
    return webp


def _encoded(png: Path, **settings) -> bytes:
    file = io.BytesIO()
    Image.open(png).save(file, "WEBP", **settings)
    return file.getvalue()


def without_search_index(page: str) -> str:
    """Do not load the search index into every page: the theme does so for results while typing, which we do not use."""
    return SEARCH_SCRIPT.sub("", page)


def without_idle_mathjax(page: str) -> str:
    return page if MATHEMATICS.search(page) else MATHJAX_SCRIPT.sub("", page)


def with_lazy_images(page: str) -> str:
    """Images are loaded when they come near, but for the first one of the text."""
    start = page.find("<article")
    first = page.find("<img", start) + 1
    head, rest = page[: first or None], page[first:] if first else ""
    return head + NOT_LAZY.sub('<img loading="lazy" ', rest)


def with_large_pictures_apart(page: str, path: Path, folder: Path) -> str:
    """Files for what would be loaded with the page and a third larger: animations above all, which not all play."""

    def apart(found: re.Match) -> str:
        picture = base64.b64decode(found[2])
        if len(picture) < LARGE:
            return found[0]
        file = folder / "_images" / f"{hashlib.sha256(picture).hexdigest()}.{found[1]}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(picture)
        return f'src="{os.path.relpath(file, path.parent)}"'

    return INLINE_PICTURE.sub(apart, page)


def with_true_roles(page: str) -> str:
    """The list of references is no list to screen readers otherwise: Docutils gives it the role but no items."""
    return page.replace('role="list" class="citation-list"', 'class="citation-list"').replace(
        ' role="doc-biblioentry"', ""
    )


def with_valid_labels(page: str) -> str:
    """The labels of folded cells, which MyST-NB writes as paragraphs: HTML allows none in a summary."""
    return LABEL.sub(r'<span class="\1">\2</span>', page)


def finish_pages(app, exception):
    if exception is not None or app.builder.name != "html":
        return
    folder, config = Path(app.outdir), app.config
    if config.master_doc != "index":  # the address of the book leads to its first page
        text = FIRST_PAGE.format(language=config.language, title=config.html_title, first=f"{config.master_doc}.html")
        (folder / "index.html").write_text(text, encoding="utf-8")
    for path in folder.rglob("*.html"):
        page = path.read_text()
        if path.name != "search.html":
            page = without_search_index(page)
        page = with_large_pictures_apart(page, path, folder)
        path.write_text(with_valid_labels(with_true_roles(with_lazy_images(without_idle_mathjax(page)))))
    for path in (folder / "_static").glob("mystnb*.css"):
        path.write_text(path.read_text().replace("summary>p.", "summary>."))


def setup(app):
    app.connect("config-inited", load_parts_of_mathjax)
    # Before Sphinx collects the images of a page, at 500.
    app.connect("doctree-read", figures_as_webp, priority=400)
    app.connect("build-finished", keep_used_icons)
    app.connect("build-finished", finish_pages)
    return {"version": "1", "parallel_read_safe": True}
