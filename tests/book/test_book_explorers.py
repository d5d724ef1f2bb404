"""The explorers of the built book, in a browser: what they draw, and what their pages weigh."""

from pathlib import Path
from urllib.parse import urljoin

import pytest
import torch
from browsing import megabytes
from bs4 import BeautifulSoup
from built_book import BOOK, book_folder, pages_with, shared_tab  # noqa: F401
from page_format import PageModel, read_manifest

PAGES = pages_with('class="explorer-weights"')
CLOSE = 2 / 255
MEGABYTES = {"grey": 3, "gallery": 4, "colour": 6}  # of a page with everything it loads, its first model included
MEGABYTES_DRAWN = {"grey": 4, "gallery": 4, "colour": 6}  # and with the encoders, which one who draws loads
LISTEN = 'document.addEventListener("explorer:decoded", (event) => (window.decoded = event.detail));'
PICTURE = """canvas => Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)"""


@pytest.mark.parametrize("name", PAGES)
def test_explorers_of_a_page(tab, address, name):
    tab.forget()
    tab.goto(urljoin(address, name), wait_until="networkidle")
    tab.evaluate(LISTEN)
    soup = BeautifulSoup((BOOK / name).read_text(), "html.parser")
    for place, element in enumerate(soup.select(".explorer")):
        explorer = tab.locator(".explorer").nth(place)
        manifest = read_manifest(element)
        file = BOOK / Path(name).parent / element.select_one(".explorer-weights")["data-src"]
        model = PageModel(manifest["models"][0], file.read_bytes())
        tab.evaluate("window.decoded = null")
        explorer.get_by_role("button", name="Explore it yourself").click()
        tab.wait_for_function("window.decoded")
        first = _shown(explorer, manifest)
        assert (first - model.decode(tab.evaluate("window.decoded.codes"))).abs().max() <= CLOSE
        if not explorer.locator(".explorer-units input:visible").count():  # a map: its top level has sliders
            top = manifest["models"][0]["levels"][-1]["name"]
            explorer.get_by_role("radio", name=top, exact=True).check()
        slider = explorer.locator(".explorer-units input:visible").first
        for end in ("min", "max"):
            tab.evaluate("window.decoded = null")
            slider.fill(slider.get_attribute(end))
            tab.wait_for_function("window.decoded")
            picture = _shown(explorer, manifest)
            assert (picture - model.decode(tab.evaluate("window.decoded.codes"))).abs().max() <= CLOSE
            assert not torch.equal(picture, first)
    tab.wait_for_load_state("networkidle")
    kind = "colour" if manifest["shape"][0] == 3 else "gallery" if "gallery" in name else "grey"
    assert megabytes(tab) <= MEGABYTES[kind], f"{megabytes(tab):.2f} MB"
    for place, element in enumerate(soup.select(".explorer")):
        if "encoder" in read_manifest(element)["models"][0]:
            explorer = tab.locator(".explorer").nth(place)
            explorer.get_by_role("radio", name="draw", exact=True).check()
            explorer.locator(".explorer-pad").click()
            explorer.locator(".explorer-report tr").last.wait_for()
    tab.wait_for_load_state("networkidle")
    assert megabytes(tab) <= MEGABYTES_DRAWN[kind], f"{megabytes(tab):.2f} MB with the encoders"
    assert not tab.problems, "\n".join(tab.problems)


def _shown(explorer, manifest):
    """Pixels of the picture on the page, channel last, flat."""
    pixels = torch.tensor(explorer.locator(".explorer-picture canvas").evaluate(PICTURE)).view(-1, 4)
    return pixels[:, : manifest["shape"][0]].flatten() / 255
