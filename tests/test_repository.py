"""The parts of the repository that must say the same thing do say the same thing."""

import re
import tomllib
from pathlib import Path

import address
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from PIL import Image

import vaecourse as vc

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
ADDRESS = CONFIG["repository"]["url"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAMES_AN_ADDRESS = sorted(
    path
    for pattern in ("*.md", "pyproject.toml", "book/*.md", "notebooks/*.ipynb", "vaecourse/**/*.py", "experiments/*.py")
    for path in ROOT.glob(pattern)
)


def _requirements(lines):
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def _constraints() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return _requirements(line for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("path", NAMES_AN_ADDRESS, ids=lambda path: path.name)
def test_every_github_address_is_the_one_of_the_configuration(path):
    text = path.read_text()
    found = set(re.findall(r"github\.com/([\w-]+/[\w-]+)", text))
    found |= set(re.findall(r"colab\.research\.google\.com/github/([\w-]+/[\w-]+)", text))
    assert found <= {ADDRESS.removeprefix("https://github.com/")}


def test_the_address_can_be_changed_everywhere_and_back(tmp_path):
    paths = [ROOT / "_config.yml", *NAMES_AN_ADDRESS, *ROOT.glob(".github/**/*.yml"), ROOT / "CITATION.cff"]
    copies = {tmp_path / path.relative_to(ROOT): path.read_text() for path in paths}
    for copy, text in copies.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
    old = address.present(tmp_path)
    named = address.rewrite(tmp_path, list(copies), "somebody/a.course")
    assert tmp_path / "README.md" in named
    assert address.present(tmp_path) == "somebody/a.course"
    assert not [copy for copy in copies if re.search(rf"[/.]com/(github/)?{old}\b", copy.read_text())]
    assert address.rewrite(tmp_path, list(copies), old) == named
    assert {copy: copy.read_text() for copy in copies} == copies


def test_the_pictures_of_the_readme_move_are_described_and_weigh_little():
    text = (ROOT / "README.md").read_text()
    sources = re.findall(r'<img width="\d+" alt="([^"]{40,})" src="([^"]+)">', text)
    assert [source for _, source in sources] == ["book/explorer.webp", "book/lab.webp"]
    for _, source in sources:
        still = source.replace(".webp", "_still.webp")
        assert f'<source media="(prefers-reduced-motion: reduce)" srcset="{still}">' in text
        with Image.open(ROOT / source) as moving, Image.open(ROOT / still) as picture:
            assert moving.n_frames > 20
            assert moving.info["loop"] > 0  # it comes to rest
            assert picture.size == moving.size
    assert sum((ROOT / source).stat().st_size for _, source in sources) <= 1_500_000


def test_what_is_no_address_changes_nothing():
    with pytest.raises(SystemExit, match="give owner/name"):
        address.rewrite(ROOT, NAMES_AN_ADDRESS, "https://github.com/somebody/course")


@pytest.mark.parametrize("path", sorted(ROOT.glob(".github/**/*.yml")), ids=lambda path: path.name)
def test_workflows_and_templates_call_targets_that_exist(path):
    text = path.read_text()
    assert yaml.safe_load(text)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"run: make ([a-z-]+)", text)) <= targets


def test_the_citation_is_that_of_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["repository-code"] == ADDRESS
    assert citation["version"] == vc.__version__
    assert f"## {vc.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_metadata_and_readme_give_the_address():
    assert PROJECT["urls"]["Homepage"] == ADDRESS
    assert ADDRESS in (ROOT / "README.md").read_text()


def test_constraints_pin_what_pyproject_asks_for():
    pins = _constraints()
    wanted = [*PROJECT["dependencies"]]
    for extra in ("book", "test"):
        wanted += PROJECT["optional-dependencies"][extra]
    for name, requirement in _requirements(wanted).items():
        (pin,) = pins[name].specifier
        assert pin.operator == "=="
        assert pin.version in requirement.specifier, f"{name} {pin.version} is not {requirement.specifier}"


def test_constraints_hold_no_address_and_no_path():
    assert all(requirement.url is None for requirement in _constraints().values())


def test_the_package_has_lower_bounds_only():
    for requirement in _requirements(PROJECT["dependencies"]).values():
        assert [part.operator for part in requirement.specifier] == [">="], requirement


def test_conda_environment_is_that_of_the_makefile():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    install = " ".join(pip["pip"])
    assert install == "--constraint constraints.txt --editable .[book,test]"
    assert install.replace(".[book,test]", '".[book,test]"') in (ROOT / "Makefile").read_text()
    (python,) = [line for line in conda if line.startswith("python=")]
    assert python.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])


def test_licences_are_named_where_they_apply():
    assert PROJECT["license"] == "MIT"
    assert "MIT License" in (ROOT / "LICENSE").read_text()
    for path in (ROOT / "LICENSE-text", ROOT / "README.md"):
        assert "CC BY 4.0" in path.read_text()
    assert "CC BY 4.0" in CONFIG["html"]["extra_footer"]
    assert "MIT" in CONFIG["html"]["extra_footer"]


def test_table_of_contents_holds_every_page():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [toc["root"]] + [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    pages = [*ROOT.glob("book/*.md"), *ROOT.glob("notebooks/*.ipynb")]
    assert sorted(listed) == sorted(str(page.relative_to(ROOT).with_suffix("")) for page in pages)
