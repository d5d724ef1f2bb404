"""The built book, and a tab for each width that many tests look through: pages share most of their files.

``make test`` builds it and says where in $VAECOURSE_BOOK.
"""

import os
from pathlib import Path

import pytest
from browsing import WIDTHS, watched_tab

if "VAECOURSE_BOOK" not in os.environ:
    pytest.skip("no built book: type make test, which builds one", allow_module_level=True)

BOOK = Path(os.environ["VAECOURSE_BOOK"]).resolve()


def pages_with(text: str) -> list[str]:
    return sorted(str(path.relative_to(BOOK)) for path in BOOK.rglob("*.html") if text in path.read_text())


@pytest.fixture(name="folder", scope="module")
def book_folder():
    return BOOK


@pytest.fixture(name="tab", scope="module", params=WIDTHS)
def shared_tab(request, browser, address):
    with watched_tab(browser, address, WIDTHS[request.param]) as tab:
        yield tab
