"""Recommenders that count: cheap to fit, fast to score, and the yardstick of everything deeper.

One module per idea; each has a frozen dataclass that scores with numpy alone and a ``fit_...`` function.
"""
