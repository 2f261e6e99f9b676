"""Statistics of experiments, from sums to verdicts. Knows numpy and no Django, takes sums and never a queryset.

Degenerate input has a defined answer, said in the docstring of each function. Formulas name the paper they are from;
`tests/stats` holds them against other implementations, and `tests/benchmarks/experiment_error_rates.py` shows how often
they err.
"""
