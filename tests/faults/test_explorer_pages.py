"""The explorer of the static page on bad days: wrong bytes, stalled replies, broken manifests, damaged scripts."""

import re

import pytest
from browsing import watched_tab

pytest_plugins = ["page_site"]

DAMAGES = {
    "zeros": lambda content: bytes(len(content)),
    "ones": lambda content: b"\xff" * len(content),
    "one bit": lambda content: content[:99] + bytes([content[99] ^ 4]) + content[100:],
    "too long": lambda content: content + bytes(1000),
    "too short": lambda content: content[:-1],
    "empty": lambda content: b"",
    "a page": lambda content: b"<!doctype html><p>Not found</p>",
}


@pytest.fixture
def visitor(browser, address):
    with watched_tab(browser, address, 800) as tab:
        yield tab
        assert not [problem for problem in tab.problems if problem.startswith("page error")]


def open_explorer(tab):
    tab.get_by_role("button", name="Explore it yourself").click()


def refused(tab):
    tab.get_by_role("status").filter(has_text="could not be loaded").wait_for()
    assert tab.locator(".explorer-poster img").is_visible()


@pytest.mark.parametrize("damage", DAMAGES)
def test_other_bytes_than_those_of_the_name_are_refused_and_can_be_asked_for_again(visitor, address, damage, count):
    def answer(route):
        route.fulfill(body=DAMAGES[damage](route.fetch().body()))

    visitor.route("**/*.bin", answer)
    visitor.goto(f"{address}vae-colour.html")
    open_explorer(visitor)
    refused(visitor)
    visitor.unroute("**/*.bin")
    open_explorer(visitor)
    visitor.locator(".explorer-poster").wait_for(state="detached")
    count("explorer pages, wrong weights", "refused")


@pytest.mark.parametrize("damage", ["zeros", "one bit", "too long"])
def test_without_sums_the_length_is_compared(visitor, address, damage, count):
    """A page without encryption has no crypto.subtle: there bytes of the right number are believed."""
    visitor.add_init_script("Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined })")
    visitor.route("**/*.bin", lambda route: route.fulfill(body=DAMAGES[damage](route.fetch().body())))
    visitor.goto(f"{address}vae-colour.html")
    open_explorer(visitor)
    if damage == "too long":
        refused(visitor)
    else:
        visitor.locator(".explorer-poster").wait_for(state="detached")
    count("explorer pages, wrong weights without sums", "refused" if damage == "too long" else "accepted")


def test_a_stalled_reply_is_given_up_and_can_be_tried_again(visitor, address, count):
    waiting = []
    visitor.route("**/*.bin", lambda route: waiting.append(route))  # and never answered
    visitor.goto(f"{address}vae-colour.html")
    visitor.evaluate("vaecourse.stall = 300")
    open_explorer(visitor)
    refused(visitor)
    assert len(waiting) == 1
    visitor.unroute("**/*.bin")
    open_explorer(visitor)
    visitor.locator(".explorer-poster").wait_for(state="detached")
    count("explorer pages, stalled replies", "refused")


@pytest.mark.parametrize("manifest", ["", "{", "null", "[]", '{"models": []}', "<p>"])
def test_a_broken_manifest_is_said_on_the_page(visitor, address, folder, manifest, count):
    page = (folder / "vae-colour.html").read_text()
    opening = '<script type="application/json" class="explorer-manifest">'
    broken = re.sub(
        f"({re.escape(opening)}).*?(</script>)", lambda found: found[1] + manifest + found[2], page, flags=re.S
    )
    (folder / "broken.html").write_text(
        broken.replace("<body>", "<body>" + page.partition("<body>")[2].partition("</body>")[0])
    )
    visitor.goto(f"{address}broken.html")
    visitor.get_by_role("status").filter(has_text="This explorer is damaged").wait_for()
    assert visitor.locator(".explorer-poster img").count() == 2
    open_explorer(visitor)  # of the other explorer on the page, which is whole
    visitor.wait_for_function("document.querySelectorAll('.explorer-poster').length === 1")
    count("explorer pages, broken manifests", "refused")


@pytest.mark.parametrize("script", ["", "vaecourse.receive(", "vaecourse.receive('other', '')", "<html>", "cut"])
def test_a_damaged_script_beside_a_page_on_disk_is_said_and_can_be_tried_again(browser, folder, script, count):
    disk = f"{folder.as_uri()}/"
    with watched_tab(browser, disk, 800) as tab:
        tab.route(
            "**/files/*.js",
            lambda route: route.fulfill(
                content_type="text/javascript", body=script.replace("cut", cut_of(folder, route))
            ),
        )
        tab.goto(f"{disk}vae-colour.html")
        open_explorer(tab)
        refused(tab)
        tab.unroute("**/files/*.js")
        open_explorer(tab)
        tab.locator(".explorer-poster").wait_for(state="detached")
    count("explorer pages, damaged scripts on disk", "refused")


def cut_of(folder, route):
    """The script with the last quarter of its base64 left out."""
    text = (folder / "files" / route.request.url.rpartition("/")[2]).read_text()
    return text[: 3 * len(text) // 4 // 4 * 4] + '");'
