"""Trees in ONNX Runtime against LightGBM's own predictions."""

import lightgbm
import numpy as np

from django_recs.engine.graphs import open_graph
from django_recs.engine.ranking.trees import trees_as_onnx


def test_the_graph_says_what_the_trees_say_also_on_their_thresholds() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(3_000, 5)).round(1).astype(np.float32)  # few values, so that many lie on a split
    target = (features[:, 0] > 0.3) * 2.0 - features[:, 1] * features[:, 2]
    parameters = {"num_leaves": 13, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1, "seed": 0}
    booster = lightgbm.train(parameters, lightgbm.Dataset(features, target), num_boost_round=25)

    session = open_graph(np.frombuffer(trees_as_onnx(booster), dtype=np.uint8))
    (gains,) = session.run(["gains"], {"features": features})

    assert gains.shape == (3_000, 1)
    np.testing.assert_allclose(gains[:, 0], booster.predict(features), atol=2e-6)


def test_a_tree_that_found_no_split_is_a_number() -> None:
    features = np.ones((50, 2), dtype=np.float32)
    booster = lightgbm.train({"verbosity": -1, "num_threads": 1}, lightgbm.Dataset(features, np.arange(50.0)), 3)

    session = open_graph(np.frombuffer(trees_as_onnx(booster), dtype=np.uint8))

    assert session.run(["gains"], {"features": features[:1]})[0].item() == booster.predict(features[:1])[0]
