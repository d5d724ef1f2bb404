"""Actions of a reader of an explorer and the resulting pictures, for the tests of its page."""

import base64
import json

import torch

CLOSE = 2 / 255
# Counts the pictures that the explorer has drawn, and keeps the codes of the last one.
LISTEN = """
window.decoded = {count: 0, detail: null};
document.addEventListener("explorer:decoded", (event) => {
  window.decoded = {count: window.decoded.count + 1, detail: event.detail};
});
"""
# As text: a million numbers would take a minute.
PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let bytes = "";
  for (let start = 0; start < data.length; start += 4096) {
    bytes += String.fromCharCode(...data.subarray(start, start + 4096));
  }
  return [canvas.height, canvas.width, btoa(bytes)];
}"""


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
    codes = json.loads(tab.evaluate("JSON.stringify(window.decoded.detail.codes)"))
    return [torch.tensor(code, dtype=torch.float32) for code in codes]


def manifest_of(explorer):
    return json.loads(explorer.locator(".explorer-manifest").text_content())


def pixels_of(canvas):
    """Pixels (H, W, 4) of a canvas, from 0 to 255."""
    height, width, text = canvas.evaluate(PIXELS)
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8).view(height, width, 4)


def picture_of(explorer):
    """Pixels (H, W, 4) in [0, 1]."""
    return pixels_of(explorer.locator(".explorer-picture canvas")) / 255


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
