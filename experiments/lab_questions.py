"""What the lab shows for the questions of its page in the book: terms of each run, in nats, and the σ of the decoder.

    python experiments/lab_questions.py

The lab computes in a browser, so this needs Chromium and playwright. Its runs do not depend on the machine: the same
settings and seed give the same run. Writes ``results/lab/questions.json``.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from vaecourse.explorers.lab import save_page
from vaecourse.pretrained.cards import rounded, write_record

RESULT = Path(__file__).parents[1] / "results" / "lab" / "questions.json"
# Settings that differ from those of the page, and the phases of the run: steps, and what is then set by hand.
QUESTIONS = {
    "gap": ({}, [(1500, {"beta": 0.1}), (1000, {"beta": 4}), (1000, {})]),
    "way back": ({"learned": True}, [(800, {"beta": 8}), (800, {"beta": 1}), (1600, {"beta": 0.5}), (1600, {})]),
    "sigma .6, beta 1": ({"sigma": 0.6}, [(1500, {}), (1000, {})]),
    "sigma .3, beta 4": ({"sigma": 0.3, "beta": 4}, [(1500, {}), (1000, {})]),
    "sigma .15, beta 16": ({"sigma": 0.15, "beta": 16}, [(1500, {}), (1000, {})]),
    "two levels, beta 1 and 1": ({"levels": 2}, [(1000, {}), (1500, {})]),
    "two levels, beta 1 and 4": ({"levels": 2, "beta2": 4}, [(1000, {}), (1500, {})]),
}
RUN = """([settings, phases]) => {
  const run = new vaeLab.Run({ ...vaeLab.DEFAULTS, ...settings });
  return phases.map(([steps, changes]) => {
    for (let step = 0; step < steps; step++) run.step();
    run.measure();
    const seen = { ...run.latest, sigma: run.model.sigma };
    for (const [name, value] of Object.entries(changes)) run.set(name, value);
    return seen;
  });
}"""


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lab.html")
        save_page(path)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()
        tab.goto(path.as_uri())
        found = {}
        for name, (settings, phases) in QUESTIONS.items():
            seen = tab.evaluate(RUN, [settings, phases])
            found[name] = {"settings": settings, "phases": seen}
            print(f"{name}: {seen[-1]}")
        browser.close()
    write_record(rounded(found) | {"command": "python experiments/lab_questions.py"}, RESULT)


if __name__ == "__main__":
    main()
