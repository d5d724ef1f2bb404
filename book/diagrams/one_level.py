"""Drawings of chapters 1, 2 and 4: models with codes of one level."""

from language import GRADIENT, INFERENCE, MODEL, RATE, Drawing

STROKE_OF_A_TWO = "M{0} {1}c2-12 26-14 26 2c0 11-20 16-26 30h29"


def autoencoder() -> Drawing:
    d = Drawing("autoencoder", 292, "An autoencoder and its bottleneck")
    d.image(36, 118, side=62, given=True)
    d.path(STROKE_OF_A_TWO.format(22, 107), width=5)
    d.image(504, 118, side=62)
    d.add('<g opacity="0.55">')
    d.path(STROKE_OF_A_TWO.format(490, 107), width=9)
    d.add("</g>")
    d.text(36, 78, "x", italic=True, size=19)
    d.text(504, 78, "x̂", italic=True, size=19)
    d.encoder(96, 222, 118, tall=150, low=66)
    d.decoder(318, 444, 118, tall=150, low=66)
    d.path("M159 66v104", colour=INFERENCE)
    d.path("M381 66v104", colour=MODEL)
    d.text(159, 32, "encoder", bold=True)
    d.text(381, 32, "decoder", bold=True)
    d.text(270, 32, "code z", bold=True)
    d.code(270, 99, r=15)
    d.code(270, 137, r=15)
    d.arrow("M68 118h22")
    d.arrow("M222 118h25")
    d.arrow("M288 118h25")
    d.arrow("M444 118h23")
    for x, units in ((96, "784"), (159, "400"), (270, "2"), (381, "400"), (444, "784")):
        d.text(x, 217, units)
    d.text(270, 240, "the bottleneck", bold=True)
    d.path("M36 152V262H504V152")
    d.text(270, 284, "distortion: how far is x̂ from x?")
    return d


def graphical_model() -> Drawing:
    d = Drawing("graphical_model", 268, "A latent-variable model, and inference in it")
    for x, title, kind in ((140, "generation", "model"), (410, "inference", "inference")):
        d.text(x, 20, title, bold=True)
        d.add(f'<rect x="{x - 62}" y="36" width="152" height="222" rx="8" fill="none" stroke="currentColor"/>')
        d.text(x + 80, 248, "N images", anchor="end", size=16)
        d.code(x, 80, "z")
        d.image(x, 190, "x", given=True)
        down = kind == "model"
        d.arrow(f"M{x} 102v62" if down else f"M{x} 168v-62", kind)
    d.text(152, 140, "p(x|z)", anchor="start")
    d.text(422, 140, "q(z|x)", anchor="start")
    d.text(170, 86, "p(z)", anchor="start")
    d.text(30, 162, "θ", italic=True, size=21)
    d.arrow("M44 158 C85 162 110 150 135 138")
    d.text(302, 118, "φ", italic=True, size=21)
    d.arrow("M316 114 C350 118 380 125 405 134")
    return d


def _flow(d: Drawing, y: int) -> None:
    """What a VAE computes, all but the step from μ and σ to z."""
    d.image(24, y, "x", side=40, given=True)
    d.encoder(62, 116, y)
    d.text(90, y + 6, "φ", italic=True)
    d.computed(156, y, "μ, σ", width=50)
    d.decoder(330, 384, y)
    d.text(358, y + 6, "θ", italic=True)
    d.image(420, y, "x̂", side=36)
    d.bar(455, y - 17, 83, 34, colour=MODEL, opacity=0.25)
    d.text(496, y + 6, "distortion", size=16)
    for start, end in ((44, 57), (116, 128), (384, 399), (438, 452)):
        d.arrow(f"M{start} {y}H{end}")
    d.arrow(f"M156 {y - 17}V{y - 38}")
    d.bar(129, y - 68, 54, 28, colour=RATE, opacity=0.3)
    d.text(156, y - 48, "rate", size=16)


def reparameterisation() -> Drawing:
    d = Drawing("reparameterisation", 424, "The gradient through a random draw, before and after reparameterisation")
    y = 114
    d.text(4, 20, "Draw z itself", anchor="start", bold=True)
    _flow(d, y)
    d.code(254, y, r=34)
    d.bell(254, y + 16, width=56, height=22)
    d.text(254, y - 44, "draw z", size=16)
    d.arrow(f"M181 {y}h35")
    d.arrow(f"M288 {y}h37")
    d.arrow(f"M496 {y + 21}v39H270", "gradient")
    d.arrow(f"M358 {y + 60}v-20", "gradient")
    d.path(f"M260 {y + 42}v36", colour=GRADIENT, width=6)
    d.text(248, y + 66, "the gradient stops", anchor="end")
    y = 326
    d.path("M0 206H540", width=1, dashes="2 6")
    d.text(4, 234, "Draw ε, compute z", anchor="start", bold=True)
    _flow(d, y)
    d.computed(238, y, "μ + σ·ε", width=76)
    d.bell(238, y - 50, width=70, height=26)
    d.path(f"M203 {y - 50}h70", width=1)
    d.text(282, y - 54, "ε from N(0, I)", anchor="start", size=16)
    d.arrow(f"M238 {y - 48}v28")
    d.arrow(f"M181 {y}h16")
    d.arrow(f"M276 {y}h11")
    d.code(304, y, "z", r=15)
    d.arrow(f"M319 {y}h8")
    d.arrow(f"M496 {y + 21}v39H90v-20", "gradient")
    d.arrow(f"M358 {y + 60}v-20", "gradient")
    d.text(270, y + 88, "the gradient goes through μ and σ to φ")
    return d


def elbo_gap() -> Drawing:
    d = Drawing("elbo_gap", 326, "log p(x) is the ELBO and a gap")
    floor = 244
    bars = (
        (56, 92, 78, ("some p and q",)),
        (226, 146, 24, ("better q:", "the boundary rises")),
        (396, 184, 24, ("better p:", "the bar rises")),
    )
    d.arrow(f"M22 {floor}V36")
    d.text(22, 26, "nats", size=16)
    for x, elbo, gap, words in bars:
        d.bar(x, floor - elbo, 96, elbo, colour=MODEL, opacity=0.3)
        d.hatched(x, floor - elbo - gap, 96, gap)
        d.text(x + 48, floor - elbo / 2 + 6, "ELBO", bold=True)
        d.text(x + 48, floor - elbo - gap - 10, "log p(x)")
        d.text(x + 103, floor - elbo - gap / 2 + 6, "gap", anchor="start")
        d.lines(x + 48, floor + 26, words)
    d.path(f"M152 {floor - 170}h74", dashes="3 4")
    d.text(189, floor - 176, "same", size=16)
    d.text(270, 318, "gap = KL(q(z) ‖ p(z|x)), never below 0")
    return d


def three_posteriors() -> Drawing:
    d = Drawing("three_posteriors", 336, "What the weight of the rate does to the clouds of six images")
    places = ((-40, -24), (8, -52), (48, -12), (30, 40), (-22, 34), (2, -4))
    for x, title, spread, size, distortion, rate in (
        (90, "β = 0", 1.35, 3.5, 12, 118),
        (270, "β = 1", 0.82, 21, 40, 56),
        (450, "β very large", 0, 62, 112, 3),
    ):
        d.text(x, 20, title, bold=True)
        d.add(f'<circle cx="{x}" cy="112" r="64" fill="none" stroke="{MODEL}" stroke-width="1.8"/>')
        for right, up in places:
            d.add(
                f'<circle cx="{x + spread * right:g}" cy="{112 + spread * up:g}" r="{size}" fill="{INFERENCE}" '
                f'fill-opacity="0.12" stroke="{INFERENCE}" stroke-width="1.8"/>'
            )
        d.bar(x - 60, 240, distortion, 20, colour=MODEL)
        d.bar(x - 60, 286, rate, 20, colour=RATE)
        d.text(x - 60, 234, "distortion", anchor="start", size=16)
        d.text(x - 60, 281, "rate", anchor="start", size=16)
    d.text(90, 206, "six points")
    d.text(270, 206, "six clouds that touch")
    d.text(450, 206, "one cloud")
    d.text(270, 330, "blue circle: prior p(z)   ·   orange: q(z|x) of an image", size=16)
    return d


def ph_vae() -> Drawing:
    d = Drawing("ph_vae", 300, "The polynomial hierarchical VAE with three degrees")
    d.image(26, 142, "x", given=True)
    for y, power, k in ((52, "x", 1), (142, "x²", 2), (232, "x³", 3)):
        d.arrow(f"M48 142 L84 {y}")
        d.image(106, y, power, side=40)
        d.arrow(f"M126 {y}h12")
        d.encoder(142, 192, y, tall=66, low=34)
        d.text(167, y + 6, f"{k}", bold=True)
        d.arrow(f"M192 {y}h12")
        d.computed(240, y, f"μ_{k}, σ_{k}", width=70)
        d.arrow(f"M275 {y} L314 {142 + (y - 142) / 4:g}")
    d.computed(350, 142, "mix", width=64, height=64)
    d.text(350, 32, "ε, N(0, I)")
    d.bell(350, 76, width=72, height=32)
    d.path("M314 76h72", width=1)
    d.arrow("M350 80v28")
    d.arrow("M382 142h14")
    d.code(418, 142, "z", r=18)
    d.arrow("M436 142h10")
    d.decoder(450, 494, 142)
    d.image(520, 142, "x̂", side=36)
    d.text(100, 290, "powers")
    d.text(220, 290, "an encoder each")
    d.text(400, 258, "one decoder")
    d.path("M404 238 L458 176", width=1.2)
    return d


DRAWINGS = (autoencoder, graphical_model, reparameterisation, elbo_gap, three_posteriors, ph_vae)
