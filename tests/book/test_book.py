"""The built book, page by page, as a browser shows it."""

import functools
import inspect
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from browsing import WIDTHS, complaints, watched_tab
from bs4 import BeautifulSoup
from built_book import BOOK, book_folder, shared_tab  # noqa: F401
from fontTools.ttLib import TTFont

import vaecourse as vc

PAGES = sorted(
    str(path.relative_to(BOOK)) for path in BOOK.rglob("*.html") if "_static" not in path.parts and path.parent != BOOK
)
PAGES += ["genindex.html", "search.html"]
# A letter stands for each formula, whose parts are MathJax's own. The colours of code depend on the class of a word and
# on its block: one word of each class stands for all in its block.
SHORTEN = """() => {
  for (const formula of document.querySelectorAll("mjx-container")) formula.replaceWith("x");
  for (const block of document.querySelectorAll(".highlight pre, dt.sig")) {
    const seen = new Set();
    for (const word of block.querySelectorAll("span[class]:not(:has(*))")) {
      const colours = `${word.parentElement.className}/${word.className}`;
      if (seen.has(colours)) word.replaceWith(word.textContent);
      seen.add(colours);
    }
  }
}"""
# Contrast is slow to judge. It is the same where a text and all grounds behind it look the same: one of each is judged.
MARK_ONE_OF_EACH_LOOK = """(theme) => {
  document.documentElement.dataset.theme = theme;
  const grounds = new Map();
  const ground = (node) => {
    if (!node) return "";
    if (!grounds.has(node)) {
      const style = getComputedStyle(node);
      const own = [style.backgroundColor, style.backgroundImage, style.opacity].join();
      grounds.set(node, ground(node.parentElement) + (own === "rgba(0, 0, 0, 0),none,1" ? "" : own));
    }
    return grounds.get(node);
  };
  const seen = new Set();
  for (const node of document.body.querySelectorAll("*")) {
    delete node.dataset.judged;
    if (![...node.childNodes].some((part) => part.nodeType === Node.TEXT_NODE && part.data.trim())) continue;
    const style = getComputedStyle(node);
    const look = [ground(node), style.color, style.fontSize, style.fontWeight].join();
    if (seen.has(look) || !node.checkVisibility()) continue;
    node.dataset.judged = "";
    seen.add(look);
  }
  return seen.size;
}"""
AXE = Axe(AXE_SCRIPT + ';axe.configure({rules: [{id: "color-contrast", selector: "[data-judged]"}]})')
LOOK = (Path(__file__).parents[1] / "helpers" / "look_at_page.js").read_text()


@pytest.fixture(scope="module", params=PAGES)
def page(request, tab, address):
    """A tab that has loaded a page, for all tests that look at it: pages are large."""
    tab.forget()
    tab.goto(urljoin(address, request.param), wait_until="load")
    return tab


def test_page_is_sound(page):
    problems = page.evaluate(LOOK) + page.problems
    assert not problems, "\n".join(problems)


def grave(page, theme):
    """What axe calls serious or critical in a theme."""
    assert page.evaluate(MARK_ONE_OF_EACH_LOOK, theme) > 5
    found = complaints(AXE, page)
    return [
        f"{one['impact']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def test_page_is_accessible(page):
    """On a desktop in the light, on a phone in the dark."""
    page.wait_for_selector("html[data-wide-marked]", state="attached")  # scrolling.js has seen the page
    page.evaluate("document.fonts.ready")
    page.evaluate(SHORTEN)
    found = grave(page, "light" if page.viewport_size["width"] == WIDTHS["desktop"] else "dark")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_grey_words_in_each_theme_are_found(browser, address, theme):
    """What the test above would say if some words among many could not be read."""
    page = browser.new_page()
    page.goto(urljoin(address, "book/intro.html"))
    page.evaluate(
        """theme => {
          const words = document.querySelectorAll("article p");
          words[words.length - 1].style.color = theme === "light" ? "#ddd" : "#222";
        }""",
        theme,
    )
    (found,) = grave(page, theme)
    assert "contrast" in found
    page.close()


def test_figures_stand_on_the_page_itself(page):
    styles = """theme => {
      document.documentElement.dataset.theme = theme;
      const styles = [...document.querySelectorAll(".cell_output :is(img, .text_html)")].map(getComputedStyle);
      return styles.map((style) => `${style.filter} ${style.backgroundColor}`);
    }"""
    found = {style for theme in ("light", "dark") for style in page.evaluate(styles, theme)}
    assert found <= {"none rgba(0, 0, 0, 0)"}


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


def test_a_page_that_asks_another_host_is_found(browser, address):
    with watched_tab(browser, address, WIDTHS["desktop"]) as tab:
        tab.goto(urljoin(address, "book/intro.html"))
        assert not tab.problems
        tab.evaluate("fetch('http://example.org/a.js').catch(() => null)")
        assert tab.problems[0] == "asks another host: http://example.org/a.js"


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
