"""The explorers of the built book, in a browser: what they draw, and what their pages weigh."""

from functools import partial
from pathlib import Path
from urllib.parse import urljoin

import pytest
import torch
from browsing import megabytes
from built_book import BOOK, book_folder, pages_with, shared_tab  # noqa: F401
from page_format import PageModel
from page_reader import CLOSE, LISTEN, after, manifest_of, pixels_of

PAGES = pages_with('class="explorer-weights"')
MEGABYTES = {"grey": 3, "gallery": 4, "colour": 6}  # of a page with everything it loads, its first model included
MEGABYTES_DRAWN = {"grey": 4, "gallery": 4, "colour": 6}  # and with the encoders, which one who draws loads


@pytest.mark.parametrize("name", PAGES)
def test_explorers_of_a_page(tab, address, name):
    tab.forget()
    tab.goto(urljoin(address, name))
    tab.evaluate(LISTEN)
    explorers = tab.locator(".explorer").all()
    assert explorers
    for explorer in explorers:
        manifest = manifest_of(explorer)
        weights = explorer.locator(".explorer-weights").first.get_attribute("data-src")
        model = PageModel(manifest["models"][0], (BOOK / Path(name).parent / weights).read_bytes())
        codes = after(tab, explorer.get_by_role("button", name="Explore it yourself").click)
        first = _shown(explorer, manifest)
        assert (first - model.decode(codes)).abs().max() <= CLOSE
        if not explorer.locator(".explorer-units input:visible").count():  # a map: its top level has sliders
            top = manifest["models"][0]["levels"][-1]["name"]
            explorer.get_by_role("radio", name=top, exact=True).check()
        slider = explorer.locator(".explorer-units input:visible").first
        for end in ("min", "max"):
            codes = after(tab, partial(slider.fill, slider.get_attribute(end)))
            picture = _shown(explorer, manifest)
            assert (picture - model.decode(codes)).abs().max() <= CLOSE
            assert not torch.equal(picture, first)
    tab.wait_for_load_state("networkidle")
    kind = "colour" if manifest["shape"][0] == 3 else "gallery" if "gallery" in name else "grey"
    assert megabytes(tab) <= MEGABYTES[kind], f"{megabytes(tab):.2f} MB"
    for explorer in explorers:
        if "encoder" in manifest_of(explorer)["models"][0]:
            explorer.get_by_role("radio", name="draw", exact=True).check()
            explorer.locator(".explorer-pad").click()
            explorer.locator(".explorer-report tr").last.wait_for()
    tab.wait_for_load_state("networkidle")
    assert megabytes(tab) <= MEGABYTES_DRAWN[kind], f"{megabytes(tab):.2f} MB with the encoders"
    assert not tab.problems, "\n".join(tab.problems)


def _shown(explorer, manifest):
    """Pixels of the picture on the page, channel last, flat."""
    canvas = explorer.locator(".explorer-picture canvas")
    return pixels_of(canvas)[..., : manifest["shape"][0]].flatten() / 255
