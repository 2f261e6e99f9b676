import numpy as np
import torch

from django_recs.engine.content import fit_content_scale
from django_recs.learning.networks.item_tower import ItemTower
from tests.learning.worlds import BLUE, NEW_BLUE, NEW_RED, RED, checkerboard


def build_tower(*, id_trust: float = 5.0) -> ItemTower:
    torch.manual_seed(0)
    interactions, content = checkerboard()
    counts = np.bincount(interactions.item, minlength=interactions.item_count + 1)
    scale = fit_content_scale(content, counts > 0)
    tower = ItemTower(
        scale, scale.features(content), torch.from_numpy(counts.astype(np.float32)), width=8, id_trust=id_trust
    )
    with torch.no_grad():
        tower.new.normal_()
    return tower


def test_an_item_without_events_is_its_content_and_the_new_vector() -> None:
    tower = build_tower()

    vectors, content = tower(), tower.content(tower.all_items())

    torch.testing.assert_close(vectors[NEW_RED], content[NEW_RED] + tower.new)
    torch.testing.assert_close(content[NEW_RED], content[RED[0]])  # same words, category and price


def test_trust_in_the_id_grows_with_events() -> None:
    tower = build_tower(id_trust=5.0)
    count = tower.event_counts[BLUE[0]]

    trust = count / (count + 5)
    expected = tower.content(torch.tensor([BLUE[0]]))[0] + trust * tower.id.weight[BLUE[0]] + (1 - trust) * tower.new
    torch.testing.assert_close(tower()[BLUE[0]], expected)


def test_id_dropout_replaces_the_id_by_the_new_vector_for_about_its_share() -> None:
    tower = build_tower(id_trust=0.001)
    items = tower.all_items()
    content = tower.content(items)

    new = content + tower.new
    replaced = torch.stack(
        [(tower.place(items, content, id_dropout=0.25) - new).abs().amax(dim=1) < 1e-6 for _ in range(200)]
    )

    shares = replaced[:, RED[0] : BLUE[-1] + 1].float().mean()
    assert abs(float(shares) - 0.25) < 0.05
    assert replaced[:, [NEW_RED, NEW_BLUE]].all()


def test_padding_stays_zero() -> None:
    tower = build_tower()

    assert not tower()[0].any()
    items = torch.tensor([0, 3, 0])
    vectors = tower.place(items, tower.content(items), id_dropout=0.5)
    assert vectors.any(dim=1).tolist() == [False, True, False]


def test_all_parts_learn() -> None:
    tower = build_tower()

    tower().square().sum().backward()

    for name, parameter in tower.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_some_items_lie_where_they_lie_among_all() -> None:
    tower = build_tower()
    items = torch.tensor([NEW_BLUE, 2, 2])

    torch.testing.assert_close(tower.place(items, tower.content(items)), tower()[items])
