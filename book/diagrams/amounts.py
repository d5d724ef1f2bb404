"""Drawings of chapters 3, 7, 8 and 9: costs, scores and sizes."""

from language import INFERENCE, MODEL, RATE, Drawing


def rate_distortion() -> Drawing:
    d = Drawing("rate_distortion", 400, "The plane of rate and distortion as a map")
    left, floor = 44, 340
    d.arrow(f"M{left} {floor}V22")
    d.arrow(f"M{left} {floor}H530")
    d.text(left + 12, 30, "distortion D, nats", anchor="start", size=16)
    d.text(530, floor + 24, "rate R, nats", anchor="end", size=16)

    def height(right: float) -> float:
        return 300 - 238 * 2.718281828 ** (-right / 118)

    curve = "L".join(f"{left + right} {height(right):.1f}" for right in range(0, 481, 8))
    d.path(f"M{curve}L524 40L{left} 40Z", colour="none", fill=MODEL, opacity=0.13)
    d.path(f"M{curve}", colour=MODEL, width=3)
    touch = 130
    slope = 238 / 118 * 2.718281828 ** (-touch / 118)
    x, y = left + touch, height(touch)
    d.path(f"M{x - 118} {y - 118 * slope:.1f}L{x + 150} {y + 150 * slope:.1f}", width=2)
    for right in (0, touch, 430):
        d.add(f'<circle cx="{left + right}" cy="{height(right):.1f}" r="6.5"/>')
    d.text(x + 14, y - 14, "the best model for β", anchor="start", bold=True)
    d.text(222, 306, "slope −β", anchor="end")
    d.lines(86, 74, ("collapsed: R = 0,", "one answer for all images"), anchor="start")
    d.lines(520, 244, ("towards an autoencoder:", "fine detail, costly code"), anchor="end")
    d.text(510, 130, "can be reached", anchor="end", size=16)
    d.lines(54, 300, ("out of", "reach"), anchor="start", size=16)
    d.text(44, 388, "← β larger", anchor="start")
    d.text(340, 388, "β smaller →", anchor="end")
    return d


def rate_split() -> Drawing:
    d = Drawing("rate_split", 372, "The rate in three parts, and what each method asks for each part")
    left, wide = 117, 141
    columns = [left + wide * k + wide / 2 for k in range(3)]
    d.text(106, 50, "rate =", anchor="end", bold=True)
    for k, opacity in enumerate((0.2, 0.5, 0.32)):
        d.bar(left + wide * k, 28, wide, 34, colour=RATE, opacity=opacity)
    names = (
        ("mutual", "information", "which image", "was it?"),
        ("total", "correlation", "do units", "go together?"),
        ("dimension-", "wise KL", "is each unit", "N(0, 1)?"),
    )
    for x, (first, second, *question) in zip(columns, names, strict=True):
        d.lines(x, 86, (first, second), bold=True)
        d.lines(x, 132, question, size=16)
    rows = (
        ("VAE", "1", "1", "1"),
        ("β-VAE", "β", "β", "β"),
        ("β-TCVAE", "1", "β", "1"),
        ("FactorVAE", "1", "1 + γ", "1"),
        ("DIP-VAE", "1", "1", "1"),
    )
    d.path("M4 168H536", width=1)
    for row, (name, *weights) in enumerate(rows):
        y = 198 + 32 * row
        d.text(4, y, name, anchor="start")
        for x, weight in zip(columns, weights, strict=True):
            if weight != "1":
                d.bar(x - 34, y - 21, 68, 28, colour=RATE, opacity=0.3)
            d.text(x, y, weight, bold=weight != "1")
    d.text(columns[0] - wide / 2 + 4, 356, "+ λ · (covariance of the codes − I)²", anchor="start", size=16)
    return d


def units_and_factors() -> Drawing:
    d = Drawing("units_and_factors", 372, "A matrix of units and factors, and where the scores look")
    matrix = ((0.9, 0, 0), (0, 0.5, 0.4), (0, 0.45, 0), (0, 0, 0))
    left, top, wide, high = 88, 62, 82, 48
    for k, factor in enumerate(("position", "scale", "shape")):
        d.text(left + wide * (k + 0.5), 50, factor)
    d.text(left + 1.5 * wide, 22, "factors of the picture", bold=True)
    for row, values in enumerate(matrix):
        d.text(left - 10, top + high * (row + 0.5) + 6, f"unit {row}", anchor="end")
        for column, value in enumerate(values):
            d.bar(left + wide * column, top + high * row, wide, high, colour=INFERENCE, opacity=0.75 * value)
            d.text(left + wide * (column + 0.5), top + high * (row + 0.5) + 6, f"{value:g}")
    right, below = left + 3 * wide, top + 4 * high
    for row, words in enumerate(("one factor: D high", "two factors: D low", "one factor: D high", "idle: no weight")):
        y = top + high * (row + 0.5)
        d.arrow(f"M{right + 4} {y}h18")
        d.text(right + 28, y + 6, words, anchor="start")
    for column, words in enumerate(
        (
            ("one unit:", "C high,", "gap large"),
            ("two units:", "C low,", "gap small"),
            ("one unit:", "C high,", "gap large"),
        )
    ):
        x = left + wide * (column + 0.5)
        d.arrow(f"M{x} {below + 4}v18")
        d.lines(x, below + 44, words, size=16, step=20)
    d.lines(
        right + 28,
        below + 44,
        ("completeness C,", "and MIG: the gap of", "the two largest"),
        anchor="start",
        size=16,
        step=20,
    )
    d.text(right + 28, 50, "disentanglement D", anchor="start", size=16)
    return d


def pyramid() -> Drawing:
    d = Drawing("pyramid", 232, "A convolutional encoder and decoder for images of 32×32 pixels")
    middle = 84
    maps = ((42, 84, 32, 3), (125, 42, 16, 32), (175, 21, 8, 64), (213, 11, 4, 64))
    for mirror, colour in ((1, INFERENCE), (-1, MODEL)):
        for k, (place, side, pixels, channels) in enumerate(maps):
            x = place + 2 if mirror == 1 else 538 - place
            for sheet in range(k, -1, -1):
                corner = f'x="{x - side / 2 + 4 * sheet:g}" y="{middle - side / 2 - 4 * sheet:g}"'
                d.add(
                    f'<rect {corner} width="{side}" height="{side}" fill="{colour}" fill-opacity="0.14" '
                    f'stroke="{colour}" stroke-width="1.5"/>'
                )
            d.text(x, 162, f"{pixels}")
            d.text(x, 186, f"{channels}")
    d.add('<rect x="50" y="72" width="12" height="12" stroke="currentColor" stroke-width="1.4" fill-opacity="0.3"/>')
    d.path("M62 72L128 79M62 84L128 84", width=1.2)
    d.add('<rect x="126" y="79" width="5" height="5"/>')
    d.text(44, 24, "encoder", anchor="start", bold=True)
    d.text(496, 24, "decoder", anchor="end", bold=True)
    d.arrow("M232 84h14")
    d.code(270, 84, "z", r=20)
    d.arrow("M290 84h16")
    d.text(270, 162, "side", size=16)
    d.text(270, 186, "maps", size=16)
    d.text(270, 222, "a 4×4 patch becomes one place; the next patch is 2 pixels on", size=16)
    return d


DRAWINGS = (rate_distortion, rate_split, units_and_factors, pyramid)
