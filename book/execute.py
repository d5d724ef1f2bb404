"""Run the notebooks of the book side by side, one thread each, into the cache that the book is then built from.

    python book/execute.py _build/.jupyter_cache

Notebooks whose code is in the cache already are not run again. Two processes of one thread are faster than one of two,
and much faster where the machine does something else too.
"""

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
TIMEOUT = yaml.safe_load((ROOT / "_config.yml").read_text())["execute"]["timeout"]  # seconds a cell


def run(path: Path) -> ExecutionResult:
    """Run a notebook in an empty folder."""
    with TemporaryDirectory() as folder:
        return single_nb_execution(nbformat.read(path, as_version=4), folder, TIMEOUT, allow_errors=False)


def is_cached(cache: JupyterCacheAbstract, path: Path) -> bool:
    try:
        cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return False
    return True


def main(folder: str, notebooks: list[Path], jobs: int | None = None) -> int:
    """Fill the cache in a folder, and return the number of notebooks that failed."""
    cache = get_cache(folder)
    waiting = [path for path in notebooks if not is_cached(cache, path)]
    os.environ |= {"OMP_NUM_THREADS": "1", "VAECOURSE_PAGE_EXPLORERS": "1"}  # explorers of the page: see explorers.py
    failed = 0
    with ProcessPoolExecutor(jobs or os.cpu_count()) as pool:
        running = {pool.submit(run, path): path for path in waiting}
        for future in as_completed(running):
            path, result = running[future], future.result()
            if result.err is None:
                bundle = CacheBundleIn(result.nb, str(path), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                print(f"{path.name}: {result.time:.0f} s", flush=True)
            else:
                failed += 1
                print(f"{path.name} failed:\n{result.exc_string}", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    chapters = sorted((ROOT / "notebooks").glob("*.ipynb"), key=lambda path: path.stat().st_size, reverse=True)
    sys.exit(main(sys.argv[1], chapters) > 0)
