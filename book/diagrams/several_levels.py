"""Drawings of chapters 5, 6 and 12: codes of codes."""

from language import INFERENCE, MODEL, Drawing


def two_levels() -> Drawing:
    d = Drawing("two_levels", 330, "Two levels: the model, and two ways to infer its codes")
    top, middle, bottom = 78, 180, 286
    for x, title in ((70, "generation"), (236, "bottom-up"), (432, "top-down")):
        d.text(x, 22, title, bold=True)
        d.code(x, top, "z_2")
        d.image(x, bottom, "x", given=True)
    for x in (70, 236):
        d.code(x, middle, "z_1")
    d.arrow("M70 100v54", "model")
    d.arrow("M70 202v58", "model")
    d.text(82, 136, "p(z_1|z_2)", anchor="start")
    d.text(82, 238, "p(x|z_1)", anchor="start")
    d.arrow("M236 264v-58", "inference")
    d.arrow("M236 158v-54", "inference")
    d.text(248, 136, "q(z_2|z_1)", anchor="start")
    d.text(248, 238, "q(z_1|x)", anchor="start")
    d.arrow("M412 270C368 222 368 140 410 92", "inference")
    d.arrow("M432 264v-66", "inference")
    d.arrow("M432 100v64", "model")
    d.add('<circle cx="432" cy="180" r="14" fill="none" stroke="currentColor" stroke-width="1.4"/>')
    d.path("M426 174l12 12m0-12l-12 12", width=2)
    d.arrow("M446 180h26")
    d.code(498, middle, "z_1")
    d.text(444, 136, "prior", anchor="start")
    d.text(444, 238, "evidence", anchor="start")
    return d


def same_draw() -> Drawing:
    d = Drawing("same_draw", 300, "The rate of level 1: scored at the draw that z2 has seen, or at fresh draws")
    for x, title, draws in ((132, "chain", (42,)), (408, "product form", (-62, -34, -12, 14, 66))):
        d.text(x, 20, title, bold=True)
        d.path(f"M{x - 128} 206h256", width=1.2)
        d.bell(x, 206, width=228, height=74, colour=INFERENCE, stroke=2.4)
        d.bell(x + 46, 206, width=84, height=142, colour=MODEL, stroke=2.4)
        d.add(f'<circle cx="{x + 42}" cy="206" r="6.5"/>')
        for draw in draws:
            if draw != 42:
                d.add(f'<circle cx="{x + draw}" cy="206" r="6" fill="none" stroke="currentColor" stroke-width="2"/>')
            d.path(f"M{x + draw} 198V66", width=1, dashes="2 4")
        d.text(x + 128, 226, "z_1", anchor="end", italic=True, size=19)
        d.text(x - 84, 140, "q(z_1|x)")
        d.text(x + 46, 54, "p(z_1|z_2)")
    d.lines(132, 252, ("z_2 comes from this draw,", "the rate is taken at it"))
    d.lines(408, 252, ("z_2 comes from the filled dot,", "the rate from fresh draws"))
    return d


def _three(d: Drawing, x: int, y: int, top_down: bool, reads_all: bool) -> None:
    levels = [y, y + 62, y + 124]
    bottom = y + 190
    for number, place in zip((3, 2, 1), levels, strict=True):
        d.code(x, place, f"z_{number}", r=19)
    d.image(x, bottom, "x", side=40, given=True)
    for place in levels:
        end = place + 41 if place != levels[-1] else bottom - 22
        d.arrow(f"M{x + 7} {place + 18}V{end}", "model")
    if reads_all:
        d.arrow(
            f"M{x + 17} {levels[1] + 8}C{x + 52} {levels[1] + 30} {x + 52} {bottom - 34} {x + 23} {bottom - 10}",
            "model",
        )
        d.arrow(
            f"M{x + 17} {levels[0] + 8}C{x + 86} {levels[0] + 40} {x + 86} {bottom - 20} {x + 23} {bottom + 4}", "model"
        )
    if top_down:
        d.arrow(f"M{x - 7} {bottom - 20}V{levels[2] + 20}", "inference")
        d.arrow(
            f"M{x - 20} {bottom - 10}C{x - 50} {bottom - 34} {x - 50} {levels[1] + 30} {x - 20} {levels[1] + 8}",
            "inference",
        )
        d.arrow(
            f"M{x - 20} {bottom + 4}C{x - 86} {bottom - 20} {x - 86} {levels[0] + 40} {x - 20} {levels[0] + 8}",
            "inference",
        )
    else:
        for place in levels:
            start = place + 43 if place != levels[-1] else bottom - 20
            d.arrow(f"M{x - 7} {start}V{place + 20}", "inference")


def three_levels() -> Drawing:
    d = Drawing("three_levels", 566, "Three levels: two directions of inference, two decoders")
    d.text(170, 20, "decoder reads z_1", bold=True)
    d.text(418, 20, "decoder reads all", bold=True)
    for y, name, top_down in ((64, "bottom-up", False), (340, "top-down", True)):
        d.text(4, y + 98, name, anchor="start", bold=True, size=16)
        _three(d, 170, y, top_down, reads_all=False)
        _three(d, 418, y, top_down, reads_all=True)
    d.path("M0 298H540", width=1, dashes="2 6")
    return d


def levels_and_diffusion() -> Drawing:
    d = Drawing("levels_and_diffusion", 350, "A hierarchical VAE beside a diffusion model")
    for x, title in ((132, "hierarchical VAE"), (408, "diffusion model")):
        d.text(x, 20, title, bold=True)
    for y, label, side in ((60, "z_3", 38), (146, "z_2", 60), (232, "z_1", 88), (318, "x", 120)):
        for x, width in ((132, side), (408, 120)):
            shade = 0.22 if label == "x" else 0
            corner = 4 if label == "x" else 19
            d.add(
                f'<rect x="{x - width / 2:g}" y="{y - 19}" width="{width}" height="38" rx="{corner}" '
                f'fill-opacity="{shade}" stroke="currentColor" stroke-width="1.8"/>'
            )
            d.text(x, y + 6, label, italic=True, size=19)
    for y in (60, 146, 232):
        for x, up in ((132, "a network"), (408, "adds noise")):
            d.arrow(f"M{x - 9} {y + 67}v-44", "inference")
            d.arrow(f"M{x + 9} {y + 19}v44", "model")
            d.text(x - 20, y + 48, up, anchor="end", size=16)
        d.text(152, y + 48, "a network", anchor="start", size=16)
        d.text(428, y + 48, "the denoiser", anchor="start", size=16)
    return d


DRAWINGS = (two_levels, same_draw, three_levels, levels_and_diffusion)
