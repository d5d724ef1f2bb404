"""Pictures per second that the page explorer draws in headless Chromium while the mouse drags a slider or paints a map.

Each decoder of the course is timed with random weights, which do not change the time. For a model with maps, the script
paints level 1 and then drags a slider of the top level, so that everything below is computed again. It prints pictures
per second and the median time of one move with its picture: with the kernel in WebAssembly and, for comparison, in
plain JavaScript.

    python benchmarks/page_explorer.py [--seconds 3]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch

import vaecourse as vc
from vaecourse.explorers import Exploration
from vaecourse.explorers.page import SCRIPTS, STYLE_SHEETS
from vaecourse.explorers.page.export import html

sys.path.insert(0, str(Path(__file__).parent.parent / "book"))
sys.path.insert(0, str(Path(__file__).parent.parent / "book" / "_extensions"))
import explorers as extension
from headless import chromium

MODELS = {
    "MNIST, dense, 16 units": lambda: vc.VAE((1, 28, 28), 16),
    "MNIST, dense, 64-32-16 units": lambda: vc.HDVAE((1, 28, 28), (64, 32, 16)),
    "MNIST, convolutional, 16 units": lambda: vc.VAE((1, 28, 28), 16, network="conv"),
    "CelebA, convolutional 32-64-128-256-512, 128-64-32 units": lambda: vc.HDVAE(
        (3, 64, 64), (128, 64, 32), network="conv", hidden=(32, 64, 128, 256, 512)
    ),
    "CelebA, maps 4×(2, 16, 16), 2×(3, 8, 8), 32 units": lambda: vc.SpatialHDVAE(
        (3, 64, 64), (*[(2, 16, 16)] * 4, *[(3, 8, 8)] * 2, (32,)), hidden=(24, 32, 64, 96), likelihood="gaussian"
    ),
}
COUNT = """
window.count = 0;
document.addEventListener("explorer:decoded", () => window.count++);
addEventListener("DOMContentLoaded", () => {
  window.times = [];
  const { decode, follow } = vaecourse.Model.prototype;
  let moving = 0;
  vaecourse.Model.prototype.follow = function (...codes) {
    const begun = performance.now();
    const moved = follow.apply(this, codes);
    moving += performance.now() - begun;
    return moved;
  };
  vaecourse.Model.prototype.decode = function (codes) {
    const begun = performance.now();
    const picture = decode.call(this, codes);
    window.times.push(performance.now() - begun + moving);
    moving = 0;
    return picture;
  };
});
"""


def write_page(model, folder: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (64, *model.image_shape), dtype=torch.uint8, generator=generator)
    extension.copy_files(folder)
    body = extension.take_out_weights(html({"model": Exploration(model.eval(), vc.Split(images))}), folder, ".")
    scripts = "".join(f'<script defer src="{script.name}"></script>' for script in SCRIPTS)
    style = "".join(f'<link rel="stylesheet" href="{sheet.name}">' for sheet in STYLE_SHEETS)
    path = folder / "page.html"
    path.write_text(f'<!doctype html><meta charset="utf-8">{style}{scripts}<body>{body}')
    return path


def drag(tab, path: Path, seconds: float, level: int) -> tuple[float, float]:
    """Pictures per second, and the median milliseconds of one move with its picture."""
    tab.goto(path.as_uri())
    tab.get_by_role("button", name="Explore it yourself").click()
    tab.wait_for_function("window.count > 0")
    if level > 1:
        tab.get_by_role("radio", name=f"level {level}", exact=True).check()
    for folded in tab.locator("details:not([open]) > summary:visible").all():
        folded.click()
    handle = tab.locator(".explorer-units input:visible, .explorer-map:visible").first
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    paints = "explorer-map" in (handle.get_attribute("class") or "")
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.down()
    tab.wait_for_timeout(1000)
    tab.evaluate("window.count = 0, window.times = []")
    begun, step = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        tab.mouse.move(box["x"] + box["width"] * (0.1 + 0.8 * (step * (4 if paints else 1) % 60) / 60), middle)
        step += 1
        if paints and step % 15 == 0:  # a brush changes each cell once in a stroke
            tab.mouse.up()
            tab.evaluate("document.querySelector('.explorer-painter:not([hidden]) input:not(:checked)').click()")
            tab.mouse.move(box["x"] + 0.1 * box["width"], middle)
            tab.mouse.down()
    took = time.perf_counter() - begun
    count, median = tab.evaluate("[window.count, window.times.sort((a, b) => a - b)[window.times.length >> 1]]")
    tab.mouse.up()
    return count / took, median


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3)
    seconds = parser.parse_args(arguments).seconds
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        found = {}
        for name, build in MODELS.items():
            model = build()
            path = write_page(model, Path(folder))
            has_maps = any(len(shape) > 1 for shape in model.latent_shapes)
            kernels = {"WebAssembly": "", "JavaScript": "delete globalThis.WebAssembly;"}
            for level in (1, len(model.latent_dims)) if has_maps else (1,):
                times = {}
                for kernel, setting in kernels.items():
                    tab = browser.new_page()
                    tab.add_init_script(setting + COUNT)
                    rate, median = drag(tab, path, seconds, level)
                    times[kernel] = median
                    print(f"{name:58} level {level} {kernel:12} {rate:5.1f} pictures/s, {median:6.2f} ms for one")
                    tab.close()
                found[f"JavaScript / WebAssembly, {name}, level {level}"] = times["JavaScript"] / times["WebAssembly"]
    return found


if __name__ == "__main__":
    main()
