"""Draws the picture of the lab that a page shows before it is touched: a run on the ring, as the page itself draws it.

It needs Chromium. Run it after a change of the lab's views:

    python book/lab_poster.py
"""

import tempfile
from pathlib import Path

from headless import chromium

from vaecourse.explorers.lab import POSTER, save_page

ADDRESS = "#lab?steps=1200&seed=3"
PICTURE = """() => {
  const inner = (svg) => svg.innerHTML;
  const [plane, codes] = [".lab-plane", ".lab-codes"].map((name) => document.querySelector(`${name} svg`));
  const shade = document.querySelector(".lab-plane canvas").toDataURL();
  const image = `<image x="-2.6" y="-2.6" width="5.2" height="5.2" href="${shade}"/>`;
  const panel = (x, box, content, className) =>
    `<g class="${className}"><rect class="lab-panel" x="${x}" width="300" height="300" rx="10"/>` +
    `<svg x="${x}" y="0" width="300" height="300" viewBox="${box}">${content}</svg></g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 616 300">` +
    panel(0, "-2.6 -2.6 5.2 5.2", image + inner(plane), "lab-plane") +
    panel(316, "0 0 300 300", inner(codes), "lab-codes") + "</svg>";
}"""


def main():
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "lab.html")
        save_page(page)
        tab = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light", reduced_motion="reduce")
        tab.goto(page.as_uri() + ADDRESS)
        tab.wait_for_function("document.querySelector('.lab').lab?.running === false", timeout=300_000)
        POSTER.write_text(tab.evaluate(PICTURE) + "\n", encoding="utf-8")
    print(f"{POSTER}: {POSTER.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
