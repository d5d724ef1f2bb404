"""Images in memory: choosing, batching, binarising."""

import numpy as np
import pytest
import torch

import vaecourse as vc


@pytest.fixture
def split():
    """10 images of 3×2×2; every pixel of image i is 20 i, its label i, its factors (i, −i)."""
    numbers = torch.arange(10)
    images = (20 * numbers).to(torch.uint8)[:, None, None, None].expand(10, 3, 2, 2)
    return vc.Split(images, labels=numbers, factors=torch.stack([numbers, -numbers], 1))


def numbers(batches):
    """The labels of the images of a split, read off their pixels."""
    return [round(image.mean().item() * 255 / 20) for batch in batches for image in batch]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (slice(2, 5), [2, 3, 4]),
        (slice(None, None, 4), [0, 4, 8]),
        ([7, 1], [7, 1]),
        (torch.tensor([3, 3]), [3, 3]),
        (torch.arange(10) > 7, [8, 9]),
        (np.array([True] + 9 * [False]), [0]),
    ],
)
def test_choosing_keeps_images_labels_and_factors_together(split, which, expected):
    chosen = split[which]
    assert len(chosen) == len(expected)
    assert chosen.labels.tolist() == expected
    assert chosen.factors.tolist() == [[i, -i] for i in expected]
    assert numbers([chosen.as_floats()]) == expected
    assert chosen.image_shape == (3, 2, 2)


def test_choosing_keeps_the_binarisation(split):
    assert split.binarized("dynamic")[:3].dynamic


def test_one_number_is_no_choice(split):
    with pytest.raises(TypeError, match=r"write split\[3:4\]"):
        split[3]


def test_batches_are_all_images_once_in_order(split):
    batches = list(split.batches(4))
    assert [tuple(batch.shape) for batch in batches] == [(4, 3, 2, 2), (4, 3, 2, 2), (2, 3, 2, 2)]
    assert numbers(batches) == list(range(10))
    assert torch.equal(torch.cat(batches), split.as_floats())
    assert split.as_floats().max() == pytest.approx(180 / 255)


def test_shuffled_batches_are_all_images_once_in_a_seeded_order(split):
    orders = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        orders.append(numbers(split.batches(4, shuffle=True)))
    assert sorted(orders[0]) == list(range(10))
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != list(range(10))


def test_batches_need_a_size(split):
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        list(split.batches(0))


def grey_split(count=3000):
    """Images of three pixels: black, of grey value 51 = 0.2 · 255, white."""
    return vc.Split(torch.tensor([0, 51, 255], dtype=torch.uint8).expand(count, 1, 1, 3))


def test_dynamic_binarisation_is_a_fresh_bernoulli_draw_a_batch():
    split = grey_split().binarized("dynamic")
    torch.manual_seed(0)
    first, second = (torch.cat(list(split.batches(500))) for _ in range(2))
    assert set(first.unique().tolist()) == {0, 1}
    assert not torch.equal(first, second)
    # The standard deviation of the mean of 3,000 draws at 0.2 is 0.007.
    for drawn in (first, second):
        assert torch.allclose(drawn.mean((0, 1, 2)), torch.tensor([0, 0.2, 1]), atol=0.03)
    assert torch.equal(split.as_floats(), grey_split().as_floats())


def test_static_binarisation_is_one_seeded_draw():
    before = torch.get_rng_state()
    first, again, other = (grey_split().binarized("static", seed=seed) for seed in (4, 4, 5))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.images, again.images)
    assert not torch.equal(first.images, other.images)
    assert set(first.images.unique().tolist()) == {0, 255}
    assert torch.equal(torch.cat(list(first.batches(500))), torch.cat(list(first.batches(500))))
    assert torch.allclose(first.as_floats().mean((0, 1, 2)), torch.tensor([0, 0.2, 1]), atol=0.03)


def test_an_image_set_binarises_both_splits_with_different_draws_and_says_so():
    grey = vc.ImageSet("grey", grey_split(), grey_split(), "a test")
    static = grey.binarized("static")
    assert static.source == "a test, static binarisation"
    assert not torch.equal(static.train.images, static.test.images)
    assert static.image_shape == (1, 1, 3)
    dynamic = grey.binarized()
    assert dynamic.train.dynamic
    assert dynamic.test.dynamic


def test_unknown_binarisation_is_refused(split):
    with pytest.raises(ValueError, match="'threshold' is unknown: choose dynamic or static"):
        split.binarized("threshold")


def test_measurements_are_given_as_they_are():
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(10, 1, 1, 2, generator=generator)
    split = vc.Split(values, labels=torch.arange(10))
    assert torch.equal(split.as_floats(), values)
    assert torch.equal(torch.cat(list(split.batches(3))), values)
    assert torch.equal(split[4:6].as_floats(), values[4:6])
    split.as_floats().zero_()
    next(split.batches(10)).zero_()
    assert torch.equal(split.as_floats(), values)


@pytest.mark.parametrize("kind", ["static", "dynamic"])
def test_measurements_are_binarised_as_probabilities(kind):
    split = vc.Split(torch.tensor([0, 0.2, 1]).expand(3000, 1, 1, 3)).binarized(kind)
    torch.manual_seed(0)
    drawn = torch.cat(list(split.batches(500)))
    assert set(drawn.unique().tolist()) == {0, 1}
    assert torch.allclose(drawn.mean((0, 1, 2)), torch.tensor([0, 0.2, 1]), atol=0.03)


BYTES = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (
            {"images": BYTES.double()},
            TypeError,
            r"float32 tensor of values in \[0, 1\]\), got torch.float64: convert them",
        ),
        ({"images": BYTES.int()}, TypeError, "uint8 tensor of values from 0 to 255 .* got torch.int32: convert them"),
        ({"images": BYTES.float() + 1.5}, ValueError, r"values in \[0, 1\], got 1.5 to 1.5: scale them"),
        ({"images": BYTES.float() - 0.1}, ValueError, "got -0.1 to -0.1"),
        ({"images": BYTES.float() / 0}, ValueError, "got nan to nan: scale them, and take out what is not a number"),
        ({"images": BYTES.numpy()}, TypeError, "got ndarray"),
        ({"images": BYTES[0]}, ValueError, r"shape \(N, C, H, W\), got \(1, 4, 4\)"),
        ({"images": BYTES, "labels": torch.zeros(3)}, ValueError, "3 labels for 2 images"),
        ({"images": BYTES, "factors": torch.zeros(1, 5)}, ValueError, "1 factors for 2 images"),
    ],
)
def test_a_split_refuses_what_it_cannot_mean(content, error, message):
    with pytest.raises(error, match=message):
        vc.Split(**content)


def test_flips_mirror_half_of_the_images_of_shuffled_batches_only():
    rows = torch.arange(8, dtype=torch.uint8).expand(400, 1, 3, 8)
    split = vc.Split(rows).with_flips()
    whole = torch.cat([*split.batches(150)])
    assert torch.equal(whole, split.as_floats())
    torch.manual_seed(0)
    batches = torch.cat([*split.batches(150, shuffle=True)])
    mirrored = batches[:, 0, 0, 0] > 0
    assert 160 < mirrored.sum() < 240
    assert torch.equal(batches[~mirrored], split.as_floats()[~mirrored])
    assert torch.equal(batches[mirrored], split.as_floats()[mirrored].flip(3))
    torch.manual_seed(0)
    assert torch.equal(batches, torch.cat([*split.batches(150, shuffle=True)]))


def test_choosing_keeps_the_flips(split):
    assert split.with_flips()[:2].flips
    assert not split.flips


def test_held_out_images_and_the_others_are_the_whole_with_their_labels(random_split):
    train, validation = random_split.hold_out(0.2, seed=3)
    assert (len(train), len(validation)) == (160, 40)
    both = torch.cat([train.images, validation.images]).flatten(1)
    assert {tuple(row.tolist()) for row in both} == {tuple(row.tolist()) for row in random_split.images.flatten(1)}
    places = [(random_split.images == image).all(dim=(1, 2, 3)).nonzero().item() for image in validation.images]
    assert torch.equal(random_split.labels[places], validation.labels)
    assert torch.equal(random_split.hold_out(0.2, seed=3)[1].images, validation.images)
    assert not torch.equal(random_split.hold_out(0.2, seed=4)[1].images, validation.images)


def test_something_is_held_out_and_something_left(random_split):
    assert [len(part) for part in random_split[:2].hold_out(0.01)] == [1, 1]
    assert [len(part) for part in random_split[:2].hold_out(0.99)] == [1, 1]
    for share in (0, 1, -0.5):
        with pytest.raises(ValueError, match="share must lie between 0 and 1"):
            random_split.hold_out(share)
    with pytest.raises(ValueError, match="nothing can be held out of 1 image"):
        random_split[:1].hold_out()
