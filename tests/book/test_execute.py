"""Notebooks are run side by side into the cache of the book, once each; a failure is shown and counted."""

import execute
import nbformat
from jupyter_cache import get_cache

KERNEL = {"name": "python3", "display_name": "Python 3"}


def notebook(path, source):
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    return path


def test_what_changed_is_run_and_what_fails_is_said(tmp_path, capsys):
    cache = str(tmp_path / "cache")
    right = notebook(tmp_path / "right.ipynb", "import os\nprint(6 * 7, os.environ['OMP_NUM_THREADS'])")
    wrong = notebook(tmp_path / "wrong.ipynb", "raise RuntimeError('no')")
    assert execute.main(cache, [right, wrong], jobs=2) == 1
    said = capsys.readouterr()
    assert said.out.startswith("right.ipynb: ")
    assert "wrong.ipynb failed" in said.err
    assert "RuntimeError" in said.err
    _, kept = get_cache(cache).merge_match_into_notebook(nbformat.read(right, as_version=4))
    assert kept.cells[0].outputs[0].text == "42 1\n"
    assert execute.main(cache, [right]) == 0
    assert capsys.readouterr().out == ""
    notebook(right, "print('changed')")
    assert execute.main(cache, [right]) == 0
    assert capsys.readouterr().out.startswith("right.ipynb: ")
