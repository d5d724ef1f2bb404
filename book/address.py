"""Write another public address into every file that names it: ``make address REPO=owner/name``.

The present address is that of ``_config.yml``. Nothing is written unless the new one has the form owner/name.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
FORM = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+")


def present(root: Path) -> str:
    """The address in the configuration, as owner/name."""
    url = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    return url.removeprefix("https://github.com/")


def rewrite(root: Path, files: list[Path], new: str) -> list[Path]:
    """Replace the present address in these files of a repository, and return those that named it."""
    if not FORM.fullmatch(new):
        raise SystemExit(f"{new!r} is not an address: give owner/name")
    old = re.compile(rf"((?:github\.com|colab\.research\.google\.com/github)/){re.escape(present(root))}(?![\w-])")
    named = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or weights
        changed = old.sub(lambda found: found[1] + new, text)
        if changed != text:
            path.write_text(changed, encoding="utf-8")
            named.append(path)
    return named


if __name__ == "__main__":
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tracked = [ROOT / name for name in listed.split("\0") if name]
    for path in rewrite(ROOT, [path for path in tracked if path.is_file()], sys.argv[1]):
        print(path.relative_to(ROOT))
