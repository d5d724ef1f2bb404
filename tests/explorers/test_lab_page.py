"""The lab in use: a touch, keys, a phone, an address, out of sight, reduced motion, and a frame without network."""

import pytest
from browsing import watched_tab

import vaecourse as vc
from vaecourse.explorers.lab import html, save_page

RUNNING = "document.querySelector('.lab').lab?.running"
STEPS = "document.querySelector('.lab').lab.run.steps"
SETTINGS = "document.querySelector('.lab').lab.run.settings"
PAUSED = "document.querySelector('.lab').lab?.running === false"
PATIENCE = 120_000  # milliseconds: the tests may share a slow machine


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "lab.html"
    save_page(path)
    return path


@pytest.fixture
def opened(request, browser, path):
    """A tab and a function that opens the lab with an address."""
    settings = {"width": 1000} | getattr(request, "param", {})
    with watched_tab(browser, path.as_uri(), **settings) as tab:
        tab.set_default_timeout(PATIENCE)

        def go(address=""):
            tab.goto("about:blank")
            tab.goto(path.as_uri() + address)
            return tab

        yield go
        assert not tab.problems, "\n".join(tab.problems)


def test_a_touch_opens_and_trains_and_pause_stops(opened):
    tab = opened()
    assert tab.locator(".lab-poster svg").first.is_visible()
    tab.get_by_role("button", name="Train it here").click()
    tab.wait_for_function(f"{STEPS} > 20")
    assert tab.locator(".lab-poster").count() == 0
    tab.get_by_role("button", name="Pause").click()
    stopped = tab.evaluate(STEPS)
    tab.wait_for_timeout(300)
    assert tab.evaluate(STEPS) == stopped
    tab.get_by_role("button", name="1 step", exact=True).click()
    assert tab.evaluate(STEPS) == stopped + 1
    assert f"steps={stopped + 1}" in tab.url
    tab.get_by_role("button", name="Start over").click()
    assert tab.evaluate(STEPS) == 0


def test_collapse_at_beta_8_is_named(opened):
    """The σ of the decoder is learned; without information about the code it grows, and the unit stays silent."""
    tab = opened("#lab?data=mixture&learned=1&beta=8&rate=0.01&steps=500")
    tab.wait_for_function(PAUSED)
    assert tab.evaluate(STEPS) == 500
    assert tab.locator(".lab-units li").all_inner_texts() == ["unit 1: collapsed"]
    assert "rate 0.0" in tab.locator(".lab-numbers").inner_text()


def test_keys_set_beta_and_points(opened):
    tab = opened("#lab?")
    beta = tab.get_by_role("slider", name="beta", exact=True)
    beta.focus()
    beta.press("ArrowRight")
    assert tab.evaluate(SETTINGS)["beta"] == 1.5
    assert beta.get_attribute("aria-valuetext") == "1.5"
    assert "beta=1.5" in tab.url
    tab.get_by_role("radio", name="Your points").check()
    plane = tab.get_by_role("application")
    for key in ("ArrowRight", "ArrowRight", "Enter", "ArrowUp", "Enter", "Enter", "Delete"):
        plane.press(key)
    assert tab.evaluate(SETTINGS)["points"] == [[0.2, 0], [0.2, 0.1]]
    box = plane.bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    (x, y) = tab.evaluate(SETTINGS)["points"][-1]
    assert (x, y) == pytest.approx((-1.3, 1.3), abs=0.03)
    tab.get_by_role("button", name="1 step", exact=True).click()
    assert tab.evaluate(STEPS) == 1
    tab.get_by_role("button", name="Clear points").click()
    tab.get_by_role("button", name="Train").click()
    assert "Set a few points first" in tab.locator(".lab-status").inner_text()


@pytest.mark.parametrize(
    "address", ["#lab?units=2", "#lab?levels=2", "#lab?levels=2&units=2", "#lab?data=own&points=50_100"]
)
def test_every_shape_of_model_is_drawn_and_steps(opened, address):
    tab = opened(address)
    tab.get_by_role("button", name="1 step", exact=True).click()
    assert tab.evaluate(STEPS) == 1
    levels = 2 if "levels" in address else 1
    assert tab.locator(".lab-codes:visible").count() == levels
    assert tab.locator(".lab-units li").count() == levels * (2 if "units" in address else 1)


def test_one_step_shows_its_parts_and_the_gradients_of_the_loss(opened):
    tab = opened("#lab?seed=2&beta=2")
    tab.locator("summary", has_text="One step").click()
    cards = tab.locator(".lab-cards li")
    assert cards.nth(1).get_attribute("class") == "lab-waiting"
    for part in ("draw", "decode", "terms", "gradients"):
        tab.get_by_role("button", name=f"Next: {part}").click()
    assert tab.locator(".lab-waiting").count() == 0
    assert "from β · rate (β = 2)" in cards.nth(4).inner_text()
    # The gradient of β · ½(μ² + σ² − 1 − log σ²) with respect to μ is β μ: what the card shows must be that.
    pull, mean = tab.evaluate(
        "() => { const { fromDistortion, toPosterior, posterior } = document.querySelector('.lab').lab.one.values;"
        "return [toPosterior[0] - fromDistortion[0], posterior[0]]; }"
    )
    assert pull == pytest.approx(2 * mean)
    before = cards.nth(1).inner_text()
    tab.get_by_role("button", name="Another ε").click()
    assert cards.nth(1).inner_text() != before
    tab.get_by_role("button", name="Learn from this point").click()
    assert tab.evaluate(STEPS) == 1


@pytest.mark.parametrize("opened", [{"width": 390, "has_touch": True, "is_mobile": True}], indirect=True)
@pytest.mark.parametrize("levels", [1, 2])
def test_a_phone_shows_everything_within_its_width(opened, levels):
    tab = opened(f"#lab?levels={levels}&units=2")
    tab.locator("summary", has_text="One step").tap()
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    small = tab.evaluate(
        "Array.from(document.querySelectorAll('.lab button, .lab-choice label')).filter((node) => node.offsetParent &&"
        " node.getBoundingClientRect().height < 38).map((node) => node.textContent)"
    )
    assert small == []


def test_out_of_sight_it_rests(opened):
    tab = opened()
    tab.get_by_role("button", name="Train it here").click()
    tab.evaluate("document.body.style.paddingBottom = '5000px'; window.scrollTo(0, 4000)")
    tab.wait_for_function("!document.querySelector('.lab').lab.visible")
    tab.wait_for_timeout(100)
    stopped = tab.evaluate(STEPS)
    tab.wait_for_timeout(400)
    assert tab.evaluate(STEPS) == stopped
    tab.evaluate("window.scrollTo(0, 0)")
    tab.wait_for_function(f"{STEPS} > {stopped}")


@pytest.mark.parametrize("opened", [{"reduced_motion": "reduce"}], indirect=True)
def test_with_reduced_motion_nothing_moves_until_asked(opened):
    tab = opened()
    tab.get_by_role("button", name="Train it here").click()
    tab.wait_for_timeout(300)
    assert tab.evaluate(STEPS) == 0
    tab.get_by_role("button", name="Train", exact=True).click()
    tab.wait_for_function(f"{STEPS} > 5")


@pytest.mark.parametrize("opened", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_there_is_a_picture_and_a_sentence(opened):
    tab = opened()
    assert tab.locator(".lab-poster svg").first.is_visible()
    assert "It needs JavaScript" in tab.locator("figcaption").inner_text()


def test_the_output_of_a_notebook_works_in_a_frame_without_network(browser, tmp_path, monkeypatch):
    monkeypatch.delenv("VAECOURSE_PAGE_EXPLORERS", raising=False)
    path = tmp_path / "notebook.html"
    path.write_text(
        f'<!doctype html><link rel="icon" href="data:,"><div>{vc.lab(data="moons").data}</div>', encoding="utf-8"
    )
    with watched_tab(browser, path.as_uri(), 800) as tab:
        tab.set_default_timeout(PATIENCE)
        tab.goto(path.as_uri())
        frame = tab.frame_locator("iframe")
        frame.get_by_role("button", name="Train it here").click()
        frame.locator(".lab-steps", has_text="step").wait_for()
        frame.get_by_role("button", name="Pause").click()
        assert frame.get_by_role("radio", name="Two moons").is_checked()
        assert not tab.problems, "\n".join(tab.problems)


def test_the_poster_belongs_to_the_part_of_a_page():
    assert html().count("<svg") == 3
