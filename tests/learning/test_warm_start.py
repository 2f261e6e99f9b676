"""A network takes over what another one has learned, although the catalogue has changed."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch

from django_recs.engine.interactions import Interactions, ItemContent
from django_recs.learning import TrainingState, read_record, write_record
from django_recs.learning.features import fit_gap_edges
from django_recs.learning.fitting import build_network, torch_state
from django_recs.learning.trainer import Network
from django_recs.learning.warm_start import RowNames, state_of, take_over
from tests.learning.fits import assignment_of, train
from tests.learning.worlds import SMALL

World = tuple[Interactions, ItemContent]
EDGES = np.array([1, 60])


def network_of(world: World, *, seed: int, width: int = 16) -> tuple[Network, RowNames]:
    config = replace(SMALL, seed=seed, width=width)
    with torch_state(config):
        return build_network(*world, config=config, gap_edges=EDGES)


def learned(world: World) -> TrainingState:
    network, names = network_of(world, seed=1)
    return state_of(network, names, gap_edges=EDGES, trained_until=100, scratch_until=50)


def with_another_order(world: World) -> World:
    """The first product is gone, a new one stands first and the rest is in reverse order."""
    interactions, content = world
    order = np.array([0, 1, *range(interactions.item_count, 1, -1)])
    place = np.argsort(order)
    ids = ["", "brand new", *(interactions.item_ids[item] for item in order[2:])]
    moved = replace(interactions, item=place[interactions.item].astype(np.int32), item_ids=ids)
    texts = [content.texts[item] for item in order]
    texts[1] = "green green felt"
    return moved, replace(
        content,
        texts=texts,
        categories=[content.categories[item] for item in order],
        prices=content.prices[order],
        available=content.available[order],
    )


def test_items_words_and_labels_are_found_by_name(two_tastes: World) -> None:
    state = learned(two_tastes)
    network, names = network_of(with_another_order(two_tastes), seed=2)
    fresh, _ = network_of(with_another_order(two_tastes), seed=2)

    taken = take_over(network, names, state)

    others = {name for name, weight in network.named_parameters() if name != "tower.encoder.vectors"}
    assert taken >= len(others)  # the weights of text vectors have another shape where the words have changed
    for name in ("tower.id.weight", "tower.encoder.words.embedding.weight", "tower.encoder.labels.embedding.weight"):
        old = dict(zip(state.row_names[name].tolist(), state.weights[name], strict=True))
        new = dict(network.named_parameters())[name]
        start = dict(fresh.named_parameters())[name]
        for row, key in enumerate(names[name]):
            np.testing.assert_array_equal(new[row].detach().numpy(), old.get(key, start[row].detach().numpy()))
    assert "brand new" not in state.row_names["tower.id.weight"]
    encoder = dict(network.encoder.named_parameters())
    assert all(np.array_equal(encoder[n].detach().numpy(), state.weights[f"encoder.{n}"]) for n in encoder)


def test_a_network_of_another_width_starts_from_scratch(two_tastes: World) -> None:
    network, names = network_of(two_tastes, seed=2, width=8)
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}

    assert take_over(network, names, learned(two_tastes)) == 0

    changed = [name for name, weight in network.named_parameters() if not torch.equal(weight, before[name])]
    assert changed == []


def test_training_goes_on_with_the_cool_down_only_and_is_better_at_once(two_tastes: World) -> None:
    cold = train(two_tastes, SMALL)
    state = state_of(
        cold.network,
        build_network(*two_tastes, config=SMALL, gap_edges=fit_gap_edges(two_tastes[0]))[1],
        gap_edges=fit_gap_edges(two_tastes[0]),
        trained_until=1,
        scratch_until=1,
    )

    warm = train(two_tastes, SMALL, start=state)

    assert (warm.scores, len(warm.losses)) == ([], SMALL.final_epoch_count)
    assert warm.losses[0] < cold.losses[0]
    assert warm.losses[-1] == pytest.approx(cold.losses[-1], abs=0.05)


def test_a_network_that_has_seen_later_events_is_refused(two_tastes: World) -> None:
    interactions, content = two_tastes
    last = int(interactions.time.max())

    assignment_of(two_tastes, SMALL, start=replace(learned(two_tastes), trained_until=last + 1))
    with pytest.raises(ValueError, match=f"cannot start from {last + 1}"):
        assignment_of(
            (interactions.before(last), content), SMALL, start=replace(learned(two_tastes), trained_until=last + 1)
        )


def test_a_state_survives_its_file(two_tastes: World) -> None:
    state = learned(two_tastes)
    file = BytesIO()
    write_record(file, state)
    file.seek(0)
    again = read_record(file, TrainingState)

    assert (again.trained_until, again.scratch_until) == (100, 50)
    assert again.gap_edges.tolist() == [1, 60]
    assert {name: rows.tolist() for name, rows in again.row_names.items()} == {
        name: rows.tolist() for name, rows in state.row_names.items()
    }
    for name, weights in state.weights.items():
        np.testing.assert_array_equal(again.weights[name], weights)


def test_a_file_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="does not hold a TrainingState"):
        read_record(BytesIO(b"something else"), TrainingState)
    file = BytesIO()
    np.savez(file, weights=np.ones(2))
    file.seek(0)
    with pytest.raises(ValueError, match="does not hold a TrainingState"):
        read_record(file, TrainingState)
