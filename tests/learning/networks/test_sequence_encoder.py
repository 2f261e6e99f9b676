import pytest
import torch
from torch import Tensor

from django_recs.learning.networks.sequence_encoder import SequenceEncoder, VisitorEncoder


def build_encoder() -> SequenceEncoder:
    torch.manual_seed(0)
    encoder = SequenceEncoder(width=8, block_count=2, head_count=2, dropout=0.5, type_count=4, gap_count=3)
    return encoder.eval()


def random_events(visitor_count: int, length: int) -> tuple[Tensor, Tensor, Tensor]:
    shape = (visitor_count, length)
    return torch.randn(*shape, 8), torch.randint(4, shape), torch.randint(3, shape)


def test_no_state_depends_on_what_comes_after_it() -> None:
    encoder = build_encoder()
    vectors, types, gaps = random_events(2, 6)
    other_vectors, other_types, other_gaps = random_events(2, 6)
    mixed = [
        torch.cat([old[:, :4], new[:, 4:]], dim=1)
        for old, new in ((vectors, other_vectors), (types, other_types), (gaps, other_gaps))
    ]

    torch.testing.assert_close(encoder(*mixed)[:, :4], encoder(vectors, types, gaps)[:, :4])


def test_every_state_depends_on_all_that_came_before_it() -> None:
    encoder = build_encoder()
    vectors, types, gaps = random_events(1, 5)
    vectors.requires_grad_()

    encoder(vectors, types, gaps)[0, -1].square().sum().backward()

    assert vectors.grad is not None
    assert (vectors.grad.abs().sum(dim=2) > 0).all()


def test_the_order_and_the_type_and_the_time_of_events_matter() -> None:
    encoder = build_encoder()
    vectors, types, gaps = random_events(1, 5)
    last = encoder(vectors, types, gaps)[0, -1]

    reordered = encoder(vectors[:, [1, 0, 2, 3, 4]], types, gaps)[0, -1]
    other_type = encoder(vectors, (types + 1) % 4, gaps)[0, -1]
    other_time = encoder(vectors, types, (gaps + 1) % 3)[0, -1]

    for changed in (reordered, other_type, other_time):
        assert (changed - last).abs().max() > 1e-4


def test_a_visitor_is_the_state_after_the_last_event_whatever_the_padding() -> None:
    encoder = build_encoder()
    vectors, types, gaps = random_events(2, 6)
    last = torch.tensor([2, 5])

    visitors = VisitorEncoder(encoder)(vectors, types, gaps, last)

    alone = encoder(vectors[:1, :3], types[:1, :3], gaps[:1, :3])[0, -1]
    torch.testing.assert_close(visitors[0], alone)
    torch.testing.assert_close(visitors[1], encoder(vectors, types, gaps)[1, -1])


def encoder_with_context(*, dropout: float = 0.0, told: bool = True) -> SequenceEncoder:
    """Two circumstances of three and two numbers; ``told`` gives each of them a vector of its own."""
    torch.manual_seed(0)
    encoder = SequenceEncoder(
        width=8,
        block_count=1,
        head_count=2,
        dropout=0.0,
        type_count=4,
        gap_count=3,
        context_sizes=(3, 2),
        context_dropout=dropout,
    )
    assert encoder.context is not None
    if told:
        torch.nn.init.normal_(encoder.context.table.weight)
    return encoder.eval()


def random_context(visitor_count: int, length: int) -> Tensor:
    return torch.stack([torch.randint(size, (visitor_count, length)) for size in (3, 2, 3, 2)], dim=2)


def test_before_it_learned_a_network_with_context_is_the_one_without() -> None:
    encoder = encoder_with_context(told=False)
    events = random_events(2, 5)

    torch.testing.assert_close(encoder(*events, random_context(2, 5)), encoder(*events))


@pytest.mark.parametrize("name", range(4))
def test_each_circumstance_of_the_event_and_of_what_comes_next_matters(name: int) -> None:
    encoder = encoder_with_context()
    events, context = random_events(1, 5), torch.ones(1, 5, 4, dtype=torch.long)
    other = context.clone()
    other[0, -1, name] = 0

    changed = (encoder(*events, other) - encoder(*events, context)).abs().amax(dim=2)[0]

    assert changed[-1] > 1e-3
    assert changed[:-1].max() == 0  # what is known of the last event says nothing of the states before it


def test_the_same_number_means_something_else_in_each_place() -> None:
    encoder = encoder_with_context()
    assert encoder.context is not None

    vectors = encoder.context(torch.eye(4, dtype=torch.long)[:, None])[:, 0]

    assert all((vectors[one] - vectors[other]).norm() > 0.1 for one in range(4) for other in range(one))


def test_in_training_circumstances_are_withheld_from_whole_sequences() -> None:
    encoder = encoder_with_context(dropout=0.5).train()
    assert encoder.context is not None
    unknown, told = (encoder.context.table(torch.tensor([0, 3, 5, 8]) + shift) for shift in (0, 1))

    vectors = encoder.context(torch.ones(200, 3, 4, dtype=torch.long))

    assert (vectors == vectors[:, :1]).all()
    seen = set()
    for row in vectors[:, 0]:
        choices = [tuple(map(bool, (kept // 8, kept // 4 % 2, kept // 2 % 2, kept % 2))) for kept in range(16)]
        sums = torch.stack([torch.where(torch.tensor(kept)[:, None], told, unknown).sum(dim=0) for kept in choices])
        seen.add(choices[int((sums - row).norm(dim=1).argmin())])
    assert {(True, True, True, True), (False, False, False, False), (True, True, False, False)} <= seen
    assert (encoder.eval().context(torch.ones(9, 3, 4, dtype=torch.long)) == told.sum(dim=0)).all()
