"""A headless browser that reaches no other host, a server of a folder, and tabs that record errors.

``shared_fixtures.py`` offers the fixtures to all tests.
"""

import functools
import os
import shutil
import threading
from contextlib import ExitStack, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import sync_playwright

# Debian's shell without windows comes first: it takes two thirds of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No name but this machine's own is found. To ask a route for each file would take half as long again as loading it.
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"
WIDTHS = {"desktop": 1280, "phone": 360}


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def serving_folder(folder):
    """The address, ending in a slash, at which a folder is served."""
    handler = functools.partial(_QuietHandler, directory=folder)
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def address(folder):
    """Address of the ``folder`` that the test module names."""
    with serving_folder(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """Chromium, or a skipped test that says so."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        message = "NO BROWSER FOUND: the pages were not looked at. Install Chromium to have them tested"
        if "VAECOURSE_REQUIRE_BROWSER" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ALONE]
        )
        yield browser
        browser.close()


@contextmanager
def watched_tab(browser, address, width, **settings):
    """A page that may ask no host but ``address``.

    ``.problems`` lists its errors, ``.replies`` its loaded files; ``.forget()`` leaves the page, empties both before
    another one, and returns the errors.
    """
    page = browser.new_page(viewport={"width": width, "height": 800}, **settings)
    page.set_default_timeout(15_000)
    page.problems, page.replies, page.weights = [], [], {}

    def forget():
        page.goto("about:blank")  # what the last page still asked for is known now
        problems, page.problems = page.problems, []
        page.replies.clear()
        return problems

    page.forget = forget

    def see(request):
        if not request.url.startswith((address, "data:", "blob:")):
            page.problems.append(f"asks another host: {request.url}")

    def note(reply):
        page.replies.append(reply)
        if "content-length" in reply.headers:  # not if an earlier reply with the file is still good
            page.weights[reply.url] = int(reply.headers["content-length"])
        if reply.status >= 400:
            page.problems.append(f"missing: {reply.url}")

    page.on("request", see)
    page.on("pageerror", lambda error: page.problems.append(f"page error: {error}"))
    page.on("console", lambda line: page.problems.append(f"console: {line.text}") if line.type == "error" else None)
    page.on("response", note)
    yield page
    page.close()


@pytest.fixture(scope="module")
def shared_tabs(browser, address):
    """A function of a width and a script that returns a tab, the same for the same: a new tab starts a process."""
    with ExitStack() as tabs:

        @functools.cache
        def shared(width, script):
            tab = tabs.enter_context(watched_tab(browser, address, WIDTHS[width]))
            tab.add_init_script(script)
            return tab

        yield shared


def complaints(axe, page, **settings):
    """What axe complains of. (To describe what it does not complain of takes it longer than to look.)"""
    return axe.run(page, options={"resultTypes": ["violations"]}, **settings).response["violations"]


def megabytes(page):
    """The weight of all files that a watched page has loaded, each once, wherever it came from."""
    return sum(page.weights[url] for url in {reply.url for reply in page.replies}) / 1e6
