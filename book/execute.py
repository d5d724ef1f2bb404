"""Run the notebooks of the book side by side, one thread each, into the cache that the book is then built from.

    python book/execute.py _build/.jupyter_cache [--executed FOLDER]

The pages of the book that are notebooks in Markdown are run too. A notebook is run again if its code, the scale, the
place of the data, an installed package or a file that it read of the course or of the results has changed. Those in the
folder of executed notebooks are taken from there. Two processes of one thread are faster than one of two, and much
faster where the machine does something else too.
"""

import argparse
import hashlib
import importlib.util
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import is_myst_markdown_notebook, myst_nb_reader_plugin

ROOT = Path(__file__).parents[1]
TIMEOUT = yaml.safe_load((ROOT / "_config.yml").read_text())["execute"]["timeout"]  # seconds a cell
# Kernels talk over TCP on this machine only, and would warn of it, once for each notebook.
QUIET = ["--IPKernelApp.log_level=ERROR"]
# What a notebook may read, besides its own data.
READ = ("vaecourse", "results")
# Run by the kernel before the notebook: it notes each file and folder of these that is opened.
NOTING = """\
import sys
def note(event, arguments, noted=open({noted!r}, "a", buffering=1)):
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith({folders!r}):
        print(arguments[0], file=noted)
sys.addaudithook(note)
del note, sys
"""


def settings() -> list[str]:
    """What the results of every notebook depend on."""
    chosen = [os.environ.get(name, "") for name in ("VAECOURSE_SCALE", "VAECOURSE_DATA")]
    installed = sorted(f"{package.name} {package.version}" for package in distributions())
    return [*chosen, sys.version, hashlib.sha256("\n".join(installed).encode()).hexdigest()]


def digest(folder: Path, name: str) -> str:
    """A sum over the content of a file, or over the names in a folder."""
    path = folder / name
    if path.is_dir():
        content = "\n".join(sorted(entry.name for entry in path.iterdir() if entry.name != "__pycache__")).encode()
    else:
        content = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(content).hexdigest()


def sources(noted: str) -> set[str]:
    """The names, from the root, of noted files and folders: a compiled module stands for its source."""
    found = set()
    for path in map(Path, noted.splitlines()):
        if path.suffix == ".pyc":
            path = Path(importlib.util.source_from_cache(path))
        if path.parent.name != "__pycache__" and path.name != "__pycache__":
            found.add(str(path.relative_to(ROOT)))
    return found


def read_notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4) if path.suffix == ".ipynb" else myst_nb_reader_plugin(str(path))


def is_notebook(path: Path) -> bool:
    return path.suffix == ".ipynb" or is_myst_markdown_notebook(path.read_text(encoding="utf-8"))


def run(path: Path) -> tuple[ExecutionResult, dict[str, str]]:
    """Run a notebook in an empty folder, and return with its result a sum for each of our files that it read."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as settings_folder:
        noted, startup = Path(settings_folder, "noted"), Path(settings_folder, "profile_default", "startup")
        startup.mkdir(parents=True)
        folders = tuple(f"{ROOT / name}{os.sep}" for name in READ)
        (startup / "noting.py").write_text(NOTING.format(noted=str(noted), folders=folders), encoding="utf-8")
        os.environ["IPYTHONDIR"] = settings_folder
        result = single_nb_execution(read_notebook(path), folder, TIMEOUT, allow_errors=False, extra_arguments=QUIET)
        return result, {name: digest(ROOT, name) for name in sorted(sources(noted.read_text(encoding="utf-8")))}


def is_cached(cache: JupyterCacheAbstract, path: Path) -> bool:
    try:
        known = cache.match_cache_notebook(read_notebook(path)).data
    except KeyError:
        return False
    read = known.get("read", {})
    return known.get("settings") == settings() and all(digest(ROOT, name) == read[name] for name in read)


def keep(cache: JupyterCacheAbstract, path: Path, notebook: nbformat.NotebookNode, **known) -> None:
    bundle = CacheBundleIn(notebook, str(path), data={"settings": settings(), **known})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def main(folder: str, notebooks: list[Path], jobs: int | None = None, executed: Path | None = None) -> int:
    """Fill the cache in a folder, and return the number of notebooks that failed."""
    cache = get_cache(folder)
    for path in notebooks if executed else ():
        if (executed / path.name).exists():
            keep(cache, path, nbformat.read(executed / path.name, as_version=4))
    waiting = [path for path in notebooks if not is_cached(cache, path)]
    os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    os.environ |= {"VAECOURSE_PAGE_EXPLORERS": "1"}  # explorers of the page: see explorers.py
    # Kernels import the package from where NOTING looks, and compiled modules stand beside their sources.
    os.environ |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": ""}
    failed = 0
    with ProcessPoolExecutor(jobs or os.cpu_count()) as pool:
        running = {pool.submit(run, path): path for path in waiting}
        for future in as_completed(running):
            path, (result, read) = running[future], future.result()
            if result.err is None:
                keep(cache, path, result.nb, execution_seconds=result.time, read=read)
                print(f"{path.name}: {result.time:.0f} s", flush=True)
            else:
                failed += 1
                print(f"{path.name} failed:\n{result.exc_string}", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache")
    parser.add_argument("--executed", type=Path)
    options = parser.parse_args()
    pages = filter(is_notebook, [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "book").glob("*.md")])
    # The longest first, so that none is left running alone.
    pages = sorted(pages, key=lambda path: path.stat().st_size, reverse=True)
    sys.exit(main(options.cache, pages, executed=options.executed) > 0)
