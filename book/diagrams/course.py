"""The map of the course. A rounded box is a chapter; those with a heavy outline are the core path."""

from language import Drawing

LEFT, RIGHT, STEP = 130, 414, 76
CORE = (
    ("0  Start here", "how does it work?"),
    ("1  The autoencoder", "random codes fail"),
    ("2  The VAE", "how much may a code say?"),
    ("3  The β-VAE", "the prior is too simple"),
    ("5  Two levels", "more levels"),
    ("6  Three levels", "what does a unit mean?"),
    ("9  Disentanglement", "and in faces?"),
    ("10  Faces", ""),
)
BESIDE = {
    3: "4  Powers: the PH-VAE",
    4: "7  Other images",
    5: "8  A fair comparison",
    6: "11  Reproducing HDVAE",
    7: "12  Where hierarchies lead",
}


def course_map() -> Drawing:
    d = Drawing("course_map", 40 + STEP * 7 + 32, "The chapters of the course, and what leads where")

    def chapter(x, row, title, core):
        y = 30 + STEP * row
        d.add(
            f'<rect x="{x - 120}" y="{y - 20}" width="240" height="40" rx="20" fill-opacity="{0.1 if core else 0}" '
            f'stroke="currentColor" stroke-width="{2.4 if core else 1}"/>'
        )
        d.text(x, y + 6, title, bold=core)

    for row, (title, question) in enumerate(CORE):
        chapter(LEFT, row, title, core=True)
        y = 30 + STEP * row
        if question:
            d.arrow(f"M{LEFT} {y + 20}v{STEP - 44}")
            d.text(LEFT + 12, y + 44, question, anchor="start", size=16)
    for row, title in BESIDE.items():
        chapter(RIGHT, row, title, core=False)
        y = 30 + STEP * row
        d.arrow(f"M{LEFT + 120} {y}h40")
    y = 30 + STEP * 5
    d.arrow(f"M{RIGHT} {y + 20}v{STEP - 44}")
    d.lines(RIGHT - 118, 40, ("heavy: the core path", "light: optional"), anchor="start", size=16, step=24)
    return d


DRAWINGS = (course_map,)
