"""How good a recommender is, on queries from the time after it was fitted."""
