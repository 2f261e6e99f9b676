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
