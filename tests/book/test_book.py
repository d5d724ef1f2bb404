"""The built book, page by page, as a browser shows it. ``make test`` builds it and says where in $VAECOURSE_BOOK."""

import functools
import inspect
import os
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import WIDTHS, watched_tab
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

import vaecourse as vc

if "VAECOURSE_BOOK" not in os.environ:
    pytest.skip("no built book: type make test, which builds one", allow_module_level=True)

BOOK = Path(os.environ["VAECOURSE_BOOK"]).resolve()
PAGES = sorted(
    str(path.relative_to(BOOK)) for path in BOOK.rglob("*.html") if "_static" not in path.parts and path.parent != BOOK
)
PAGES += ["genindex.html", "search.html"]
# The colours of code depend on the class of a word and on its block: one word of each class in each block is looked at.
ONE_WORD_OF_EACH_CLASS = """() => {
  for (const block of document.querySelectorAll(".highlight pre")) {
    const seen = new Set();
    for (const word of block.querySelectorAll("span[class]:not(:has(*))")) {
      const colours = `${word.parentElement.className}/${word.className}`;
      if (seen.has(colours)) word.replaceWith(word.textContent);
      seen.add(colours);
    }
  }
}"""
LOOK = (Path(__file__).parents[1] / "helpers" / "look_at_page.js").read_text()


@pytest.fixture(scope="module")
def folder():
    return BOOK


@pytest.fixture(scope="module", params=WIDTHS)
def tab(request, browser, address):
    with watched_tab(browser, address, WIDTHS[request.param]) as tab:
        yield tab


@pytest.fixture(scope="module", params=PAGES)
def page(request, tab, address):
    """A tab that has loaded a page, for all tests that look at it: pages are large."""
    tab.problems.clear()
    tab.goto(urljoin(address, request.param), wait_until="load")
    return tab


def test_page_is_sound(page):
    problems = page.evaluate(LOOK) + page.problems
    assert not problems, "\n".join(problems)


def test_page_is_accessible(page):
    page.wait_for_selector("html[data-wide-marked]", state="attached")  # scrolling.js has seen the page
    page.evaluate("document.fonts.ready")
    page.evaluate(ONE_WORD_OF_EACH_CLASS)
    grave = [
        f"{found['impact']}: {found['help']}: {found['nodes'][0]['html'][:200]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
    ]
    assert not grave, "\n".join(grave)


def test_figures_stand_on_the_page_itself(browser, address):
    page = browser.new_page()
    styles = set()
    for name in PAGES:
        if not name.startswith("notebooks/"):
            continue
        page.goto(urljoin(address, name), wait_until="domcontentloaded")
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            styles |= {
                (theme, style["filter"], style["background"])
                for style in page.eval_on_selector_all(
                    ".cell_output img",
                    "all => all.map(getComputedStyle).map(s => ({filter: s.filter, background: s.backgroundColor}))",
                )
            }
    page.close()
    assert styles == {(theme, "none", "rgba(0, 0, 0, 0)") for theme in ("light", "dark")}


@functools.cache
def _parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(), "html.parser")


@functools.cache
def _anchors(path: Path) -> set[str]:
    return {tag["id"] for tag in _parsed(path).find_all(id=True)}


@pytest.mark.parametrize("name", ["index.html", *PAGES])
def test_links_within_the_book_lead_somewhere(name):
    soup = _parsed(BOOK / name)
    links = [link["href"] for link in soup.find_all("a", href=True)]
    links += [tag["content"].partition("url=")[2] for tag in soup.find_all("meta", {"http-equiv": "Refresh"})]
    assert links
    for link in links:
        if urlsplit(link).scheme:
            continue
        file, anchor = urldefrag(urljoin(name, link))
        target = BOOK / unquote(file)
        assert target.is_file(), link
        if anchor and target.suffix == ".html":
            assert unquote(anchor) in _anchors(target), link


def test_search_finds_pages(browser, address):
    with watched_tab(browser, address, WIDTHS["desktop"]) as tab:
        tab.goto(urljoin(address, "search.html?q=posterior+collapse"))
        tab.wait_for_selector("#search-results li a")
        assert not tab.problems, "\n".join(tab.problems)


def test_icons_in_use_are_in_the_fonts():
    static = BOOK / "_static"
    pages = "".join((BOOK / name).read_text() for name in PAGES)
    used = set(re.findall(r'class="fa[bs]? (fa-[a-z-]+)', pages)) | set(re.findall(r"fa-solid (fa-[a-z-]+)", pages))
    sheet = (static / "styles" / "pydata-sphinx-theme.css").read_text()
    rules = re.findall(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"\\?([^"]+)"\}', sheet)
    code_of = {name: code for names, code in rules for name in re.findall(r"fa-[a-z0-9-]+", names)}
    fonts = [TTFont(path) for path in (static / "vendor" / "fontawesome" / "webfonts").glob("*.woff2")]
    drawn = set().union(*(font.getBestCmap() for font in fonts))
    assert len(used) > 10
    for name in used:
        assert int(code_of[name], 16) in drawn, name


def test_reference_documents_every_public_name():
    documented = {tag["id"].rpartition(".")[2] for tag in _parsed(BOOK / "book/api.html").find_all("dt", id=True)}
    modules = [vc, vc.losses, vc.metrics, vc.plots, vc.animations, vc.data]
    public = {name for module in modules for name in module.__all__ if not inspect.ismodule(getattr(module, name))}
    assert public <= documented
