"""Training steps per second of the lab in headless Chromium, milliseconds of its pictures and evaluations, and bytes.

For each shape of model it prints the steps per second of training alone (batch of 128), and of training with everything
that the page does besides: evaluations with the exact likelihood, and pictures.

    python benchmarks/lab.py [--seconds 3]
"""

import argparse
import gzip
import sys
import tempfile
from pathlib import Path

from vaecourse.explorers.lab import POSTER, SCRIPTS, STYLE_SHEETS, save_page

sys.path.insert(0, str(Path(__file__).parent.parent / "book"))
from headless import chromium

TRAIN = """([units, levels, seconds]) => {
  const run = new vaeLab.Run({ ...vaeLab.DEFAULTS, units, levels });
  run.every = Infinity;
  for (let step = 0; step < 300; step++) run.step();
  const begun = performance.now();
  while (performance.now() - begun < 1000 * seconds) run.step();
  const rate = ((run.steps - 300) * 1000) / (performance.now() - begun);
  const before = performance.now();
  for (let k = 0; k < 5; k++) run.measure();
  return [rate, (performance.now() - before) / 5];
}"""
PICTURE = """() => {
  const { lab } = document.querySelector(".lab");
  const begun = performance.now();
  for (let k = 0; k < 10; k++) lab.draw();
  return (performance.now() - begun) / 10;
}"""
STEPS = "document.querySelector('.lab').lab.run.steps"


def main(arguments: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3)
    seconds = parser.parse_args(arguments).seconds
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lab.html")
        save_page(path)
        tab = browser.new_page(viewport={"width": 1000, "height": 900})
        for levels in (1, 2):
            for units in (1, 2):
                tab.goto("about:blank")
                tab.goto(f"{path.as_uri()}#lab?units={units}&levels={levels}")
                rate, evaluation = tab.evaluate(TRAIN, [units, levels, seconds])
                picture = tab.evaluate(PICTURE)
                before = tab.evaluate(STEPS)
                tab.get_by_role("button", name="Train", exact=True).click()
                tab.wait_for_timeout(1000 * seconds)
                whole = (tab.evaluate(STEPS) - before) / seconds
                print(
                    f"levels {levels}, units {units}: {rate:5.0f} steps/s, {whole:5.0f} on the page; "
                    f"evaluation {evaluation:5.1f} ms, picture {picture:5.1f} ms",
                    flush=True,
                )
    texts = [file.read_bytes() for file in (*SCRIPTS, *STYLE_SHEETS, POSTER)]
    packed = sum(len(gzip.compress(text)) for text in texts)
    print(f"scripts, style and poster: {sum(map(len, texts)) / 1000:.0f} kB, {packed / 1000:.0f} kB compressed")
    return {}  # there is nothing to compare with


if __name__ == "__main__":
    main()
