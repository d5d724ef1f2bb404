"""A Sphinx extension of the book: what every page loads, without the 2 MB that no reader uses."""

from pathlib import Path

# MathJax's own bundle (1.2 MB) without its menu, half of its weight. Screen readers still get MathML.
MATHJAX_PARTS = ["core", "input/tex", "output/chtml", "a11y/assistive-mml"]


def load_parts_of_mathjax(app, config):
    config.mathjax_path = "mathjax/startup.js"
    config.mathjax3_config = {"loader": {"load": MATHJAX_PARTS}, "options": {"enableAssistiveMml": True}}


def leave_icons_to_the_fonts(app, exception):
    """The theme ships its icons twice. Without the script (1.5 MB) the fonts draw the same ones."""
    script = Path(app.outdir, "_static", "scripts", "fontawesome.js")
    if exception is None and script.exists():
        script.write_text("// The icons come from the fonts in vendor/fontawesome.\n")


def setup(app):
    app.connect("config-inited", load_parts_of_mathjax)
    app.connect("build-finished", leave_icons_to_the_fonts)
    return {"version": "1", "parallel_read_safe": True}
