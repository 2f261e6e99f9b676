"""Experiments: who gets which variant, who saw it, and what came of it.

Above tracking, below serving. Assignment is arithmetic, exposure one row per unit, and analysis sums in SQL that
`django_recs.stats` turns into verdicts. Pages call `variant` and `varied`; tasks call the rest.
"""

from django_recs.experiments.varying import page_variant, variant, varied

__all__ = ["page_variant", "variant", "varied"]
