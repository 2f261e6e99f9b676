"""Losses for "which items come next", where the next basket is a set and its items have no order.

P = positions that teach, Q = (position, target item) pairs, I = items.
"""

import torch
from torch import Tensor


def set_softmax_loss(logits: Tensor, pair_position: Tensor, pair_item: Tensor, pair_weight: Tensor) -> Tensor:
    """Cross-entropy between the softmax over all items and the weighted set of targets, summed over positions.

    Args:
        logits: (P, I) one column per item.
        pair_position: (Q,) row of ``logits``.
        pair_item: (Q,) column of ``logits``.
        pair_weight: (Q,) what the pair counts.
    """
    log_share = logits.float().log_softmax(dim=1)  # (P, I)
    return -(pair_weight * log_share[pair_position, pair_item]).sum()


def sampled_set_softmax_loss(
    states: Tensor,
    item_vectors: Tensor,
    negatives: Tensor,
    inclusion: Tensor,
    pair_position: Tensor,
    pair_item: Tensor,
    pair_weight: Tensor,
) -> Tensor:
    """As `set_softmax_loss`, with the normaliser estimated from negatives that all positions share.

    A negative counts 1 / its chance of being in the sample (the log-Q correction of Yi et al. 2019, eq. 3, with the
    exact inclusion probability of a sample without repeats). A position's own targets are no negatives for it.

    Args:
        states: (P, D)
        item_vectors: (M, D) of any items that include negatives and targets.
        negatives: (K,) distinct rows of ``item_vectors``.
        inclusion: (K,) probability with which each negative is in the sample.
        pair_position: (Q,) row of ``states``.
        pair_item: (Q,) row of ``item_vectors``.
        pair_weight: (Q,) what the pair counts.
    """
    logits = (states @ item_vectors[negatives].T).float() - inclusion.log().float()  # (P, K)
    column = torch.full((len(item_vectors),), -1, device=negatives.device)
    column[negatives] = torch.arange(len(negatives), device=negatives.device)
    sampled = column[pair_item] >= 0
    own = torch.zeros_like(logits, dtype=torch.bool)
    own[pair_position[sampled], column[pair_item[sampled]]] = True
    rest = logits.masked_fill(own, -1e9).logsumexp(dim=1)  # (P,)
    target = (states[pair_position] * item_vectors[pair_item]).sum(dim=1).float()  # (Q,)
    return (pair_weight * (torch.logaddexp(target, rest[pair_position]) - target)).sum()


def draw_negatives(share: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Distinct items of ``count`` draws, each item with probability ``share`` (I + 1,), and their inclusion chances."""
    drawn = torch.multinomial(share, count, replacement=True, generator=generator).unique()  # type: ignore[no-untyped-call]
    return drawn, -torch.expm1(count * torch.log1p(-share[drawn].clamp(max=1 - 1e-6)))
