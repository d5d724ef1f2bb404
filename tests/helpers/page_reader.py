"""Actions of a reader of an explorer and the resulting pictures, for the tests of its page."""

import torch

CLOSE = 2 / 255
# Counts the pictures that the explorer has drawn, and keeps the codes of the last one.
LISTEN = """
window.decoded = {count: 0, detail: null};
document.addEventListener("explorer:decoded", (event) => {
  window.decoded = {count: window.decoded.count + 1, detail: event.detail};
});
"""
PIXELS = """canvas => Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)"""


def opened(tab, address, name):
    """The explorer of a page, after the reader's first touch."""
    tab.goto(f"{address}{name}.html")
    tab.get_by_role("button", name="Explore it yourself").click()
    tab.wait_for_function("window.decoded.count > 0")
    return tab.locator(".explorer")


def after(tab, act):
    """The codes of the picture that follows an action of the reader."""
    before = tab.evaluate("window.decoded.count")
    act()
    tab.wait_for_function(f"window.decoded.count > {before}")
    return codes_of(tab)


def codes_of(tab):
    return [torch.tensor(code) for code in tab.evaluate("window.decoded.detail.codes")]


def picture_of(explorer):
    """Pixels (H, W, 4) in [0, 1]."""
    canvas = explorer.locator(".explorer-picture canvas")
    height, width = canvas.evaluate("canvas => [canvas.height, canvas.width]")
    return torch.tensor(canvas.evaluate(PIXELS)).view(height, width, 4) / 255


def assert_drawn(explorer, exploration, codes):
    """The picture on the page is the one that PyTorch decodes."""
    expected = exploration.decode(codes).permute(1, 2, 0)
    shown = picture_of(explorer)
    assert (shown[..., :3] - expected).abs().max() <= CLOSE
    assert (shown[..., 3] == 1).all()


def slider(explorer, exploration, level, unit):
    found = exploration.levels[level - 1]
    name, importance = found.label(unit).split(" · ")
    place = [found.level] if len(exploration.levels) > 1 else []
    return explorer.get_by_role("slider", name=", ".join([name, *place, importance]), exact=True)


def show(explorer, exploration, level):
    """The tab of a level, with its collapsed units."""
    if len(exploration.levels) > 1:
        explorer.get_by_role("radio", name=exploration.levels[level - 1].level, exact=True).check()
    for folded in explorer.locator("details:not([open]) > summary:visible").all():
        folded.click()
