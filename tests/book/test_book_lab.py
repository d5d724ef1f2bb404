"""The labs of the built book: they train, ask no other host, and their pages stay within their weight."""

from urllib.parse import urljoin

import pytest
from browsing import WIDTHS, megabytes, watched_tab
from built_book import book_folder, pages_with, shared_tab  # noqa: F401

PAGES = pages_with('class="lab"')
LAB = "book/lab.html"
MEGABYTES = {LAB: 4}  # of a page with everything it loads
OTHERS = 3


def test_chapters_2_and_6_have_a_lab():
    assert PAGES == [LAB, "notebooks/02_vae.html", "notebooks/06_hdvae_three_levels.html"]


@pytest.mark.parametrize("name", PAGES)
def test_a_lab_has_the_ground_of_the_page_in_the_dark(browser, address, name):
    grounds = """node => {
      const found = [];
      for (let part = node; part !== document.body; part = part.parentElement)
        found.push(getComputedStyle(part).backgroundColor);
      return [found.find((colour) => colour !== "rgba(0, 0, 0, 0)"), getComputedStyle(document.body).backgroundColor];
    }"""
    with watched_tab(browser, address, WIDTHS["desktop"], color_scheme="dark") as tab:
        tab.set_default_timeout(60_000)
        tab.goto(urljoin(address, name))
        behind, page = tab.locator(".lab").evaluate(grounds)
        assert behind in (None, page)


@pytest.mark.parametrize("name", PAGES)
def test_a_lab_of_the_book_trains(tab, address, name):
    tab.forget()
    tab.set_default_timeout(60_000)
    tab.goto(urljoin(address, name), wait_until="networkidle")
    assert tab.evaluate("document.querySelector('.lab').lab") is None  # nothing is computed before a touch
    tab.get_by_role("button", name="Train it here").click()
    tab.wait_for_function("document.querySelector('.lab').lab.run.steps > 20")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if name == LAB:
        tab.get_by_role("button", name="β 1 and 4").click()  # of the fourth question
        tab.wait_for_function("document.querySelector('.lab').lab.run.settings.beta2 === 4")
    weight = megabytes(tab)
    assert weight <= MEGABYTES.get(name, OTHERS), f"{weight:.2f} MB"
    assert not tab.problems, "\n".join(tab.problems)
