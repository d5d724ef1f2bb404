"""A Sphinx extension of the book: what a cell draws and the paragraph in italics after it become one figure.

The caption has its number in its text ("Figure 3.2."), so that Colab shows the same; here "figure 3.2" is a link too.
"""

import re

from docutils import nodes

NUMBER = re.compile(r"[Ff]igure (\d+)\.(\d+)")


def is_caption(node: nodes.Node | None) -> bool:
    return isinstance(node, nodes.paragraph) and [type(child) for child in node.children] == [nodes.emphasis]


def figure_of(drawn: list[nodes.Node], caption: nodes.paragraph) -> nodes.figure:
    """A figure with its caption, whose address is its number: #figure-3-2."""
    figure = nodes.figure("", *drawn, classes=["numbered"])
    figure += nodes.caption("", "", *caption.children[0].children)
    number = NUMBER.match(caption.astext())
    figure["ids"] = [f"figure-{number[1]}-{number[2]}" if number else nodes.make_id(f"figure {caption.astext()}")]
    return figure


def take_captions(doctree: nodes.document) -> None:
    """Make a figure of every output of a cell that has a caption after it."""
    for cell in list(doctree.findall(nodes.container)):
        after = cell.next_node(descend=False, siblings=True)
        outputs = [part for part in cell.children if "cell_output" in part.get("classes", [])]
        if "cell" in cell.get("classes", []) and outputs and is_caption(after):
            output = outputs[-1]
            output.children = [figure_of(output.children, after)]
            after.parent.remove(after)


def link_references(doctree: nodes.document) -> None:
    """Make links of the words "figure 3.2" in the text."""
    known = {name for figure in doctree.findall(nodes.figure) for name in figure["ids"]}
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, nodes.caption | nodes.reference | nodes.literal | nodes.literal_block):
            continue
        parts, end = [], 0
        for match in NUMBER.finditer(text):
            address = f"figure-{match[1]}-{match[2]}"
            if address in known:
                parts += [nodes.Text(text[end : match.start()])]
                parts += [nodes.reference("", match[0], internal=True, refid=address)]
                end = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def on_read(app, doctree):
    take_captions(doctree)
    link_references(doctree)


def leave_numbers_to_the_text(app, config):
    config.numfig = False


def setup(app):
    # After jupyter_book's sphinx_jupyterbook_latex, which switches numbers on whatever the configuration says.
    app.connect("config-inited", leave_numbers_to_the_text, priority=900)
    app.connect("doctree-read", on_read, priority=400)
    return {"version": "1", "parallel_read_safe": True}
