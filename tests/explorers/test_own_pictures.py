"""Pictures of a reader: prepared as MNIST was, or cropped, and compared with test images."""

import numpy as np
import pytest
import torch
from digit_models import SHAPE, digits, model_of
from PIL import Image

import vaecourse as vc
from vaecourse.explorers.own_pictures import are_digits, as_mnist, prepared
from vaecourse.explorers.typical import percentiles, terms_of_images
from vaecourse.losses.elbo import distortion


@pytest.fixture
def digit():
    return digits().as_floats()[0, 0].numpy()


def on_paper(digit, zoom=9, margin=40, paper=235, ink=30):
    """A photograph of a digit, dark on bright paper of uneven light, off the middle."""
    height, width = (zoom * side + margin for side in digit.shape)
    light = paper + np.linspace(-6, 6, width)[None] * np.ones((height, 1))
    placed = np.zeros((height, width))
    placed[: zoom * digit.shape[0], margin:] = digit.repeat(zoom, 0).repeat(zoom, 1)
    return (light - placed * (paper - ink)).round().clip(0, 255).astype(np.uint8)


def test_digits_of_mnist_are_prepared_already():
    images = digits(4000).as_floats()[:, 0].numpy()
    changed = [np.abs(as_mnist(image) - image).max() > 1e-6 for image in images]
    assert sum(changed) <= 1  # one of these training digits is 19 pixels large, not 20


def test_ink_keeps_its_shape_and_lies_in_the_middle():
    bar = np.zeros((300, 200))
    bar[100:200, 20:45] = 1  # four times as high as wide
    found = as_mnist(bar)
    rows, columns = np.nonzero(found)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 5)
    assert (rows.mean(), columns.mean()) == (13.5 + 1, 14)  # of an even number of rows, the lower middle is pixel 14
    np.testing.assert_allclose(found[found > 0], 1)
    assert not as_mnist(np.zeros((5, 8))).any()


def test_scaling_averages_over_areas():
    ink = np.zeros((40, 40))
    ink[:, ::2] = 1  # stripes of one pixel become grey
    ink[:, -1] = 1
    found = as_mnist(ink)
    np.testing.assert_allclose(found[5:23, 6:22], 0.5)


def test_digits_are_told_from_other_images():
    images = digits().as_floats()
    assert are_digits(images)
    assert are_digits(digits().binarized("static").as_floats())
    assert not are_digits(images.roll(5, 3))
    assert not are_digits(torch.rand(10, *SHAPE))
    assert not are_digits(torch.zeros(3, *SHAPE))
    assert not are_digits(images[..., :20])


def test_a_photograph_of_a_digit_becomes_the_digit(digit):
    image, told = prepared(Image.fromarray(on_paper(digit)), SHAPE)
    assert image.shape == SHAPE
    assert (image[0] - torch.from_numpy(digit)).abs().max() < 0.1
    assert told.startswith("your picture (292×292): inverted, its bounding box scaled to 20 pixels and centred by mass")


def test_kinds_of_pictures_give_the_same_image(digit, tmp_path):
    grey = on_paper(digit)
    colour = np.stack([grey] * 3, axis=-1)
    ink = 255 - grey  # bright on dark
    expected, _ = prepared(grey, SHAPE)
    Image.fromarray(colour).save(tmp_path / "digit.png")
    transparent = Image.merge("RGBA", [Image.new("L", grey.shape[::-1], 0)] * 3 + [Image.fromarray(ink)])
    kinds = [colour, colour.transpose(2, 0, 1), grey[..., None], torch.from_numpy(grey), grey / 255, ink, transparent]
    for picture in [*kinds, tmp_path / "digit.png", str(tmp_path / "digit.png")]:
        image, _ = prepared(picture, SHAPE)
        assert (image - expected).abs().max() < 0.02
    assert prepared(str(tmp_path / "digit.png"), SHAPE)[1].startswith("digit.png (292×292)")


def test_a_picture_of_the_models_size_is_taken_as_it_is(digit):
    image, told = prepared(np.roll(digit, 4, axis=1), SHAPE)
    assert (image[0] - torch.from_numpy(digit).roll(4, 1)).abs().max() <= 0.5 / 255 + 1e-6
    assert "taken as it is" in told


def test_other_models_see_the_middle_of_a_picture():
    picture = np.zeros((100, 300, 3), dtype=np.uint8)
    picture[:, 100:200] = (255, 128, 0)
    image, told = prepared(picture, (3, 64, 64))
    off = (image - torch.tensor([1, 128 / 255, 0])[:, None, None]).abs()
    assert off[:, :, 2:-2].max() < 1e-6  # the columns beside the edges see a little beyond them
    assert told == "your picture (300×100): its middle is cropped and scaled to 64×64."


def test_what_is_not_a_picture_is_refused(tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"notes\.png is not a picture: give a PNG or JPEG file"):
        prepared(tmp_path / "notes.png", SHAPE)
    with pytest.raises(FileNotFoundError):
        prepared(tmp_path / "missing.png", SHAPE)
    with pytest.raises(TypeError, match="a path, a PIL image or an array, not dict"):
        prepared({}, SHAPE)
    with pytest.raises(ValueError, match="nothing stands out from the border"):
        prepared(np.full((50, 50), 200, dtype=np.uint8), SHAPE)
    with pytest.raises(ValueError, match=r"uint8, or floats in \[0, 1\], got 0 to 255: scale it"):
        prepared(np.linspace(0, 255, 100).reshape(10, 10), SHAPE)
    with pytest.raises(ValueError, match=r"shape \(H, W\), \(H, W, 3\) or \(3, H, W\), got \(4, 5, 6\)"):
        prepared(np.zeros((4, 5, 6)), SHAPE)


def test_terms_of_images_are_those_of_the_split_image_by_image():
    model, split = vc.load_pretrained("hdvae2-mnist"), digits(150)
    terms = terms_of_images(model, split)
    whole = [vc.evaluate(model, split, vc.losses.HELBO(), seed=seed) for seed in range(8)]
    for name in ("distortion", "rate"):
        assert terms[name].shape == (150,)
        assert terms[name].mean().item() == pytest.approx(np.mean([one[name] for one in whole]), rel=1e-4)
    torch.testing.assert_close(terms["negative_elbo"], terms["distortion"] + terms["rate"])
    same = terms_of_images(model, split.binarized("dynamic"))
    torch.testing.assert_close(same["distortion"], terms["distortion"])  # grey, as a drawing is


def test_percentiles_run_from_the_cheapest_image_to_the_dearest():
    model, split = model_of("autoencoder-conv"), digits(101)
    with torch.no_grad():
        costs = distortion(split.as_floats(), model(split.as_floats())).sort().values
    found = percentiles(model, split)
    assert list(found) == ["distortion"]
    torch.testing.assert_close(found["distortion"], costs, rtol=1e-4, atol=1e-3)
