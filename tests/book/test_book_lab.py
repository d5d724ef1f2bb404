"""The lab's page in the built book: it trains, asks no other host, and weighs at most 4 MB with everything it loads."""

import os
from pathlib import Path
from urllib.parse import urljoin

import pytest
from browsing import WIDTHS, watched_tab

if "VAECOURSE_BOOK" not in os.environ:
    pytest.skip("no built book: type make test, which builds one", allow_module_level=True)

BOOK = Path(os.environ["VAECOURSE_BOOK"]).resolve()
MEGABYTES = 4


@pytest.fixture(scope="module")
def folder():
    return BOOK


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_lab_of_the_book_trains(browser, address, width):
    with watched_tab(browser, address, width) as tab:
        tab.set_default_timeout(60_000)
        tab.goto(urljoin(address, "book/lab.html"), wait_until="networkidle")
        tab.get_by_role("button", name="Train it here").click()
        tab.wait_for_function("document.querySelector('.lab').lab.run.steps > 20")
        tab.get_by_role("button", name="β 1 and 4").click()  # of the fourth question
        tab.wait_for_function("document.querySelector('.lab').lab.run.settings.beta2 === 4")
        weight = sum(len(reply.body()) for reply in tab.replies) / 1e6
        assert weight <= MEGABYTES, f"{weight:.2f} MB"
        assert not tab.problems, "\n".join(tab.problems)
