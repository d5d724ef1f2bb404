"""Tables and bars of scores show the numbers they were given, and say what they cannot show."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vaecourse import plots

TABLE = {"identity": {"MIG": 1.0, "SAP": 0.5}, "noise": {"MIG": -0.002, "SAP": -0.25}}
BARS = {"MIG": {"VAE": [0.1, 0.3, 0.2], "HDVAE": 0.4}, "D": {"VAE": [0.5], "HDVAE": [0.6, 0.9]}}


def test_table_has_a_row_a_code_and_a_column_a_score():
    axes = plots.score_table(TABLE).axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), [[1, 0.5], [-0.002, -0.25]])
    assert [text.get_text() for text in axes.texts] == ["1.00", "0.50", "0.00", "−0.25"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["identity", "noise"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["MIG", "SAP"]


def test_order_of_the_columns_is_that_of_the_first_row():
    turned = TABLE | {"noise": {"SAP": -0.25, "MIG": -0.002}}
    np.testing.assert_array_equal(
        plots.score_table(turned).axes[0].images[0].get_array(), plots.score_table(TABLE).axes[0].images[0].get_array()
    )


@pytest.mark.parametrize("value", np.linspace(0, 1, 21))
def test_numbers_of_the_table_can_be_read(value):
    figure = plots.score_table({"row": {"column": value}})
    axes = figure.axes[0]
    background = to_rgb(axes.images[0].to_rgba(np.array([[value]]))[0, 0, :3])
    number = to_rgb(axes.texts[0].get_color())

    def luminance(colour):
        values = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return np.dot([0.2126, 0.7152, 0.0722], values)

    low, high = sorted([luminance(background), luminance(number)])
    assert (high + 0.05) / (low + 0.05) > 3


def test_bars_stand_at_the_median_and_every_seed_is_a_dot():
    figure = plots.score_bars(BARS)
    assert [axes.get_title() for axes in figure.axes] == ["MIG", "D"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.2, 0.4]
    assert [list(line.get_xdata()) for line in figure.axes[0].lines] == [[0.1, 0.3, 0.2], [0.4]]
    assert [bar.get_width() for bar in figure.axes[1].patches] == [0.5, 0.75]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["VAE", "HDVAE"]
    # The first method is on top.
    low, high = figure.axes[0].get_ylim()
    assert low > high


def test_bars_fill_rows_of_panels():
    scores = {f"score {k}": {"VAE": k} for k in range(4)}
    assert len(plots.score_bars(scores).axes) == 4
    assert len(plots.score_bars(scores, columns=1).axes) == 4


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "at least one"),
        ({"MIG": {}}, "at least one"),
        ({"MIG": {"VAE": 1.0}, "SAP": {"HDVAE": 1.0}}, "'MIG' and 'SAP' differ"),
        ({"MIG": {"VAE": float("nan")}}, "finite"),
    ],
)
@pytest.mark.parametrize("plot", [plots.score_table, plots.score_bars])
def test_what_cannot_be_shown_is_said(plot, scores, message):
    with pytest.raises(ValueError, match=message):
        plot(scores)


def test_a_method_needs_a_seed():
    with pytest.raises(ValueError, match="one or more finite numbers"):
        plots.score_bars({"MIG": {"VAE": []}})


def test_columns_are_counted_from_one():
    with pytest.raises(ValueError, match="columns must be at least 1"):
        plots.score_bars(BARS, columns=0)
