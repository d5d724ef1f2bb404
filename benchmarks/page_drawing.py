"""Time and bytes of reading a drawing on a page, in headless Chromium, for each packaged model of digits.

The script prints the median time, in milliseconds, of preparing the ink and reading it with the encoder, of the nats (8
draws of the codes, each decoded), and of one frame while the reader draws, with everything that it shows; and the
kilobytes of the encoder's weights.

    python benchmarks/page_drawing.py [--repeats 100]
"""

import argparse
import sys
import tempfile
from pathlib import Path

import vaecourse as vc
from vaecourse.explorers import save_page

sys.path.insert(0, str(Path(__file__).parent.parent / "book"))
from headless import chromium

MEASURE = """async (repeats) => {
  const median = (act) => {
    const times = [];
    for (let k = 0; k < repeats; k++) {
      const begun = performance.now();
      act(k);
      times.push(performance.now() - begun);
    }
    return times.sort((one, other) => one - other)[repeats >> 1];
  };
  const files = new vaecourse.Files(document.querySelector(".explorer"));
  const model = await files.encoder(0);
  const ink = new vaecourse.Ink();
  ink.take(files.originals()[0]);
  const read = median(() => model.read(vaecourse.asMnist(ink.values, vaecourse.INK_SIDE)));
  const nats = median((k) => model.encoder.bound(model, vaecourse.gaussians(k)));
  const explorer = new vaecourse.Explorer(document.createElement("div"), files);
  await explorer.use(0);
  explorer.start.pad.ink.take(files.originals()[0]);
  explorer.start.kind = 4; // draw
  await explorer.begin();
  const frame = median(() => explorer.restart());
  return [read, nats, frame, model.manifest.encoder.bytes / 1000];
}"""


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100)
    repeats = parser.parse_args(arguments).repeats
    test = vc.load("mnist").test
    names = [name for name in vc.pretrained.names() if name.endswith("-mnist") and "fashion" not in name]
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        tab = browser.new_page()
        for name in names:
            path = Path(folder, f"{name}.html")
            save_page(path, vc.load_pretrained(name), test)
            tab.goto(path.as_uri())
            read, nats, frame, size = tab.evaluate(MEASURE, repeats)
            print(f"{name:18} read {read:5.2f} ms, nats {nats:5.2f} ms, frame {frame:5.2f} ms, encoder {size:4.0f} kB")
    return {}  # there is nothing to compare with


if __name__ == "__main__":
    main()
