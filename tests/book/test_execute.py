"""Notebooks are run side by side into the cache of the book, once each; a failure is shown and counted."""

import json

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


def test_a_notebook_is_run_again_if_a_file_that_it_read_has_changed(tmp_path, monkeypatch, capsys):
    folder = str(tmp_path / "cache")
    path = notebook(tmp_path / "reader.ipynb", "from vaecourse import checks, pretrained\npretrained.names()")
    assert execute.main(folder, [path]) == 0
    (record,) = get_cache(folder).list_cache_records()
    read = record.data["read"]
    assert {"vaecourse/checks.py", "vaecourse/pretrained/weights"} <= set(read)
    assert "vaecourse/answers/chapter_03.py" not in read
    true = execute.digest
    cases = {"answers/chapter_03.py": False, "checks.py": True, "pretrained/weights": True}
    for changed, again in cases.items():
        changed = f"vaecourse/{changed}"
        monkeypatch.setattr(execute, "digest", lambda at, name, bad=changed: "" if name == bad else true(at, name))
        assert execute.is_cached(get_cache(folder), path) != again, changed
    monkeypatch.setattr(execute, "digest", true)
    assert execute.is_cached(get_cache(folder), path)
    with monkeypatch.context() as other:
        other.setattr(execute, "distributions", list)
        assert not execute.is_cached(get_cache(folder), path)
    monkeypatch.setenv("VAECOURSE_SCALE", "another")
    assert not execute.is_cached(get_cache(folder), path)


def test_notebooks_that_were_executed_elsewhere_are_taken_from_there(tmp_path, capsys):
    path = notebook(tmp_path / "one.ipynb", "print('run here')")
    executed = nbformat.read(path, as_version=4)
    executed.cells[0].outputs = [nbformat.v4.new_output("stream", text="run there\n")]
    (tmp_path / "executed").mkdir()
    nbformat.write(executed, tmp_path / "executed" / "one.ipynb")
    folder = str(tmp_path / "cache")
    assert execute.main(folder, [path], executed=tmp_path / "executed") == 0
    _, kept = get_cache(folder).merge_match_into_notebook(nbformat.read(path, as_version=4))
    assert kept.cells[0].outputs[0].text == "run there\n"
    assert capsys.readouterr().out == ""
    notebook(path, "print('changed')")
    assert execute.main(folder, [path], executed=tmp_path / "executed") == 0
    assert capsys.readouterr().out.startswith("one.ipynb: ")


def test_kernels_do_not_warn_of_their_transport(tmp_path, capfd):
    path = notebook(tmp_path / "one.ipynb", "print('run')")
    assert execute.main(str(tmp_path / "cache"), [path], jobs=1) == 0
    assert "IPKernelApp" not in capfd.readouterr().err


def test_pages_in_markdown_are_run_if_they_have_code(tmp_path, capsys):
    page, text = tmp_path / "page.md", tmp_path / "text.md"
    text.write_text("# Words\n")
    page.write_text(
        f"---\nfile_format: mystnb\nkernelspec: {json.dumps(KERNEL)}\n---\n\n```{{code-cell}}\nprint(42)\n```\n"
    )
    assert [path for path in (page, text) if execute.is_notebook(path)] == [page]
    folder = str(tmp_path / "cache")
    assert execute.main(folder, [page]) == 0
    _, kept = get_cache(folder).merge_match_into_notebook(execute.read_notebook(page))
    assert kept.cells[0].outputs[0].text == "42\n"
