"""A Sphinx extension of the book: it rewrites the parts of a chapter that serve only Colab or the tests."""

from docutils import nodes

COLAB = "https://colab.research.google.com"
NOT_FOR_READERS = ("# @title Solution", "# NBVAL_CHECK_OUTPUT")


def link_in_words(doctree):
    """Replace the Colab badge, a picture served by Google, by a link in words that needs no other host."""
    for link in list(doctree.findall(nodes.reference)):
        if link.get("refuri", "").startswith(COLAB) and link.next_node(nodes.image):
            link.children = []
            link += nodes.Text("Open in Colab")
            link["classes"].append("colab-link")


def plain_code(doctree):
    """Remove the comments that only Colab or the tests use."""
    for block in list(doctree.findall(nodes.literal_block)):
        lines = block.astext().splitlines()
        block.rawsource = "\n".join(line for line in lines if line not in NOT_FOR_READERS)
        block.children = []
        block += nodes.Text(block.rawsource)


def name_solutions(doctree):
    for cell in doctree.findall(nodes.container):
        if "tag_solution" in cell["classes"]:
            cell["prompt_show"], cell["prompt_hide"] = "Solution", "Hide the solution"


def drop_untried(doctree):
    """Nobody has filled in an exercise in the book: what its cell prints there says nothing."""
    for cell in list(doctree.findall(nodes.container)):
        if "tag_exercise" in cell["classes"]:
            cell.children = [part for part in cell.children if "cell_output" not in part["classes"]]


def on_read(app, doctree):
    if app.env.docname.startswith("notebooks/"):
        link_in_words(doctree)
        plain_code(doctree)
        name_solutions(doctree)
        drop_untried(doctree)


def setup(app):
    app.connect("doctree-read", on_read)
    return {"version": "1", "parallel_read_safe": True}
