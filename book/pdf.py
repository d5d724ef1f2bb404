"""Print the pages of the built book as PDF files, one for each page: ``make pdf``.

    python book/pdf.py _build/html _build/pdf [notebooks/02_vae …]

It needs Chromium. Solutions stay folded, and explorers are pictures. Wide formulas are set smaller, because nobody can
scroll on paper.
"""

import shutil
import sys
from pathlib import Path

import yaml
from playwright.sync_api import sync_playwright

TOC = Path(__file__).parents[1] / "_toc.yml"
ON_PAPER = """
h1, h2, h3, figure { break-after: avoid; break-inside: avoid; }
.math.notranslate { overflow: visible !important; }
pre { white-space: pre-wrap !important; }
button, .colab-link { display: none !important; }
"""
READY = """async () => {
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => {});
  }
  await window.MathJax?.startup?.promise;
  for (const formula of document.querySelectorAll("div.math mjx-container")) {
    const room = formula.parentElement.clientWidth;
    const width = (formula.querySelector("mjx-math") ?? formula).getBoundingClientRect().width;
    if (width > room) formula.style.fontSize = `${Math.floor((95 * room) / width)}%`;
  }
}"""


def pages() -> list[str]:
    """The pages of the table of contents, in its order."""
    toc = yaml.safe_load(TOC.read_text(encoding="utf-8"))
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def main(built: Path, folder: Path, names: list[str]) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 660, "height": 1000}, color_scheme="light")
        tab.set_default_timeout(120_000)
        tab.emulate_media(media="print")
        for number, name in enumerate(names or pages()):
            tab.goto((built / f"{name}.html").resolve().as_uri())
            tab.add_style_tag(content=ON_PAPER)
            tab.evaluate(READY)
            path = folder / f"{number:02}_{Path(name).name}.pdf"
            tab.pdf(path=path, format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "16mm"))
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
