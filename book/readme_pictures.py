"""Record the moving pictures of the README: a digit drawn in the explorer, and the lab while it trains.

    python book/readme_pictures.py

It needs Chromium, and no data: the model comes with the package, and the drawing replaces the test images. Each picture
plays three times and then keeps its last frame; readers who have asked their system for less motion get that frame
alone. ``explorer.webp`` and ``lab.webp`` lie beside this script, and their last frames in files that end in
``_still.webp``.
"""

import io
import itertools
import tempfile
from pathlib import Path

from headless import chromium
from hero import save_moving
from PIL import Image
from playwright.sync_api import Locator, Page

import vaecourse as vc
from vaecourse.explorers import lab, save_page

FOLDER = Path(__file__).parent
WIDTH = 720  # pixels
MILLISECONDS = 100  # of a frame
LAST = 1500  # of the last frame
# A 3 as shares of the pad, from its first point to its last.
THREE = [(0.3, 0.24), (0.4, 0.15), (0.56, 0.14), (0.68, 0.22), (0.67, 0.34), (0.57, 0.44), (0.46, 0.48)]
THREE += [(0.6, 0.51), (0.71, 0.6), (0.71, 0.72), (0.6, 0.83), (0.45, 0.86), (0.3, 0.78)]
# Then the code is dragged over the plane: shares of it, to the right and down.
PATH = [(0.62, 0.6), (0.53, 0.66), (0.45, 0.6), (0.38, 0.5), (0.42, 0.4), (0.5, 0.3), (0.52, 0.15)]
BETWEEN = 3  # frames from one point of a path to the next
# Side by side the pad, the picture and the plane, below them the units; without tools and tables.
EXPLORER_STYLE = """
.explorer-app { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 0.8rem; align-items: start; }
:is(.explorer-start, .explorer-main, .explorer-codes) { display: contents; }
.explorer-drawing { display: block; }
.explorer-units { grid-column: 1 / -1; }
:is(.explorer-top, .explorer-pad-tools, .explorer-small, .explorer-legend, .explorer-scores, .explorer-report,
.explorer-strip, .explorer-status, .explorer-actions, .explorer-note, .explorer-plane-box fieldset) { display: none; }
"""
LAB_STYLE = ":is(.lab-top, .lab-sliders, .lab-curves, .lab-details, .lab-status, .lab-bar button) { display: none; }"
STEPS_A_FRAME = [*[5] * 10, *[10] * 10, *[25] * 12, *[50] * 14]


def frame(element: Locator) -> Image.Image:
    picture = Image.open(io.BytesIO(element.screenshot())).convert("RGB")
    return picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.LANCZOS)


def between(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points on the straight lines from each point to the next."""
    shares = [step / BETWEEN for step in range(BETWEEN)]
    lines = [(line, share) for line in itertools.pairwise(points) for share in shares]
    return [(a + t * (c - a), b + t * (d - b)) for ((a, b), (c, d)), t in lines] + points[-1:]


def record_explorer(tab: Page, folder: Path) -> list[Image.Image]:
    """A digit is drawn, the model reads it, and its code is dragged over the plane."""
    path = folder / "explorer.html"
    save_page(path, vc.load_pretrained("vae2-mnist"), vc.load("mnist").test)
    tab.goto(path.as_uri())
    tab.get_by_role("button", name="Explore it yourself").click()
    tab.get_by_role("radio", name="draw", exact=True).check()
    pad, plane = tab.locator(".explorer-pad"), tab.locator(".explorer-plane")
    pad.wait_for()
    tab.add_style_tag(content=EXPLORER_STYLE)
    whole, frames = tab.locator(".explorer-app"), []
    for surface, points in ((pad, THREE), (plane, PATH)):
        box = surface.bounding_box()
        for place, (x, y) in enumerate(between(points)):
            tab.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if not place:
                tab.mouse.down()
            frames.append(frame(whole))
        tab.mouse.up()
        frames += [frame(whole)] * 5
    return frames


def record_lab(tab: Page, folder: Path) -> list[Image.Image]:
    """A line bends around a ring of points."""
    path = folder / "lab.html"
    lab.save_page(path)
    tab.goto(path.as_uri() + "#lab?seed=3")
    tab.locator(".lab-stage").wait_for()
    tab.add_style_tag(content=LAB_STYLE)
    whole = tab.locator(".lab-app")
    frames = [frame(whole)]
    for steps in STEPS_A_FRAME:
        tab.evaluate("(steps) => document.querySelector('.lab').lab.advance(steps)", steps)
        frames.append(frame(whole))
    return frames


def main():
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for name, record in {"explorer": record_explorer, "lab": record_lab}.items():
            tab = browser.new_page(viewport={"width": 1000, "height": 1100}, color_scheme="light")
            frames = record(tab, Path(folder))
            durations = [MILLISECONDS] * (len(frames) - 1) + [LAST]
            save_moving(frames, FOLDER / f"{name}.webp", durations, loop=3, quality=70)
            frames[-1].save(FOLDER / f"{name}_still.webp", quality=80)
            print(f"{name}: {len(frames)} frames, {(FOLDER / f'{name}.webp').stat().st_size / 1000:.0f} kB")
            tab.close()


if __name__ == "__main__":
    main()
