"""Run the notebooks of the book side by side, one thread each, into the cache that the book is then built from.

    python book/execute.py _build/.jupyter_cache [--executed FOLDER]

A notebook is run again if its code, the scale, the place of the data or a file of the package that it read has changed.
Those in the folder of executed notebooks are taken from there. Two processes of one thread are faster than one of two,
and much faster where the machine does something else too.
"""

import argparse
import hashlib
import importlib.util
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vaecourse"
TIMEOUT = yaml.safe_load((ROOT / "_config.yml").read_text())["execute"]["timeout"]  # seconds a cell
# Kernels talk over TCP on this machine only, and would warn of it, once for each notebook.
QUIET = ["--IPKernelApp.log_level=ERROR"]
# Run by the kernel before the notebook: it notes each file and folder of the package that is opened.
NOTING = """\
import sys
def note(event, arguments, noted=open({noted!r}, "a", buffering=1)):
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith({package!r}):
        print(arguments[0], file=noted)
sys.addaudithook(note)
del note, sys
"""


def settings() -> list[str]:
    """What the results of every notebook depend on."""
    chosen = [os.environ.get(name, "") for name in ("VAECOURSE_SCALE", "VAECOURSE_DATA")]
    return [*chosen, digest(ROOT, "constraints.txt")]


def digest(folder: Path, name: str) -> str:
    """A sum over the content of a file, or over the names in a folder."""
    path = folder / name
    if path.is_dir():
        content = "\n".join(sorted(entry.name for entry in path.iterdir() if entry.name != "__pycache__")).encode()
    else:
        content = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(content).hexdigest()


def sources(noted: str) -> set[str]:
    """The names, in the package, of noted files and folders: a compiled module stands for its source."""
    found = set()
    for path in map(Path, noted.splitlines()):
        if path.suffix == ".pyc":
            path = Path(importlib.util.source_from_cache(path))
        if path.parent.name != "__pycache__" and path.name != "__pycache__":
            found.add(str(path.relative_to(PACKAGE)))
    return found


def run(path: Path) -> tuple[ExecutionResult, dict[str, str]]:
    """Run a notebook in an empty folder, and return with its result a sum for each file of the package it read."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as settings_folder:
        noted, startup = Path(settings_folder, "noted"), Path(settings_folder, "profile_default", "startup")
        startup.mkdir(parents=True)
        (startup / "noting.py").write_text(
            NOTING.format(noted=str(noted), package=f"{PACKAGE}{os.sep}"), encoding="utf-8"
        )
        os.environ["IPYTHONDIR"] = settings_folder
        notebook = nbformat.read(path, as_version=4)
        result = single_nb_execution(notebook, folder, TIMEOUT, allow_errors=False, extra_arguments=QUIET)
        return result, {name: digest(PACKAGE, name) for name in sorted(sources(noted.read_text(encoding="utf-8")))}


def is_cached(cache: JupyterCacheAbstract, path: Path) -> bool:
    try:
        known = cache.match_cache_notebook(nbformat.read(path, as_version=4)).data
    except KeyError:
        return False
    read = known.get("read", {})
    return known.get("settings") == settings() and all(digest(PACKAGE, name) == read[name] for name in read)


def keep(cache: JupyterCacheAbstract, path: Path, notebook: nbformat.NotebookNode, **known) -> None:
    bundle = CacheBundleIn(notebook, str(path), data={"settings": settings(), **known})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def main(folder: str, notebooks: list[Path], jobs: int | None = None, executed: Path | None = None) -> int:
    """Fill the cache in a folder, and return the number of notebooks that failed."""
    cache = get_cache(folder)
    for record in cache.list_cache_records():
        if record.uri.endswith(".md"):  # pages that show results: they are quick, and read other files
            cache.remove_cache(record.pk)
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
    chapters = sorted((ROOT / "notebooks").glob("*.ipynb"), key=lambda path: path.stat().st_size, reverse=True)
    sys.exit(main(options.cache, chapters, executed=options.executed) > 0)
