import math

import pytest
import torch

from django_recs.learning.losses import draw_negatives, sampled_set_softmax_loss, set_softmax_loss

PAIR_POSITION = torch.tensor([0, 0, 1])
PAIR_ITEM = torch.tensor([1, 3, 2])
PAIR_WEIGHT = torch.tensor([0.25, 0.25, 0.5])


def softmax_losses(scores: list[list[float]], candidates: list[list[int]]) -> list[float]:
    """-log softmax of each pair, in plain Python, over the candidates that it competes with."""
    pairs = zip(PAIR_POSITION.tolist(), PAIR_ITEM.tolist(), candidates, strict=True)
    return [
        math.log(sum(math.exp(scores[position][other]) for other in others)) - scores[position][item]
        for position, item, others in pairs
    ]


def test_the_loss_of_a_set_is_the_weighted_cross_entropy_of_its_items() -> None:
    scores = [[0.0, 1.0, -1.0, 0.5], [2.0, 0.0, 1.0, -3.0]]

    loss = set_softmax_loss(torch.tensor(scores), PAIR_POSITION, PAIR_ITEM, PAIR_WEIGHT)

    first, second, third = softmax_losses(scores, [[0, 1, 2, 3]] * 3)
    assert loss.item() == pytest.approx(0.25 * first + 0.25 * second + 0.5 * third, abs=1e-6)


def test_a_sample_of_everything_competes_with_all_but_the_other_targets() -> None:
    torch.manual_seed(0)
    states, item_vectors = torch.randn(2, 3), torch.randn(5, 3)

    loss = sampled_set_softmax_loss(
        states, item_vectors, torch.tensor([1, 2, 3, 4]), torch.ones(4), PAIR_POSITION, PAIR_ITEM, PAIR_WEIGHT
    )

    # items 1 and 3 are both targets of position 0, so neither is a negative of the other
    first, second, third = softmax_losses((states @ item_vectors.T).tolist(), [[1, 2, 4], [3, 2, 4], [1, 2, 3, 4]])
    assert loss.item() == pytest.approx(0.25 * first + 0.25 * second + 0.5 * third, abs=1e-5)


def test_a_negative_drawn_with_chance_one_in_four_stands_for_four() -> None:
    states, item_vectors = torch.tensor([[1.0]]), torch.tensor([[0.0], [0.3], [-0.2]])

    loss = sampled_set_softmax_loss(
        states,
        item_vectors,
        torch.tensor([2]),
        torch.tensor([0.25]),
        torch.tensor([0]),
        torch.tensor([1]),
        torch.tensor([1.0]),
    )

    assert loss.item() == pytest.approx(math.log(math.exp(0.3) + 4 * math.exp(-0.2)) - 0.3, abs=1e-6)


def test_inclusion_chances_are_those_of_the_draws() -> None:
    share = torch.tensor([0.0, 0.5, 0.3, 0.2])
    generator = torch.Generator().manual_seed(0)
    seen = torch.zeros(4)
    chances = torch.zeros(4, dtype=torch.float64)

    for _ in range(4_000):
        drawn, chance = draw_negatives(share.double(), 2, generator)
        assert len(set(drawn.tolist())) == len(drawn)
        seen[drawn] += 1
        chances[drawn] = chance

    # 1 - (1 - p)^2
    assert chances.tolist() == pytest.approx([0, 0.75, 0.51, 0.36])
    assert (seen / 4_000).tolist() == pytest.approx([0, 0.75, 0.51, 0.36], abs=0.03)
