"""Ranked item ids for each strategy, from each rung that can make them. Whether they may be shown is asked later.

One module per family of shelves: `for_you`, `around_items`, `own_history`, `crowd` and `discovery`.
"""

from collections.abc import Mapping
from functools import partial

from django_recs.models import Strategy
from django_recs.serving.candidates.around_items import (
    also_viewed,
    bought_together,
    cart_complements,
    post_purchase,
    similar,
    upsell,
)
from django_recs.serving.candidates.candidate import Candidate, Candidates, Source
from django_recs.serving.candidates.crowd import bestsellers, daypart_mix, popular, trending_in_country
from django_recs.serving.candidates.discovery import (
    because_you,
    discover_weekly,
    new_arrivals,
    no_results,
    on_sale,
    top_categories,
)
from django_recs.serving.candidates.for_you import for_you
from django_recs.serving.candidates.own_history import back_in_stock, buy_it_again, continue_shopping, recently_viewed
from django_recs.serving.recommendations import Rung

__all__ = ["SOURCES", "Candidate", "Candidates", "Source"]

SOURCES: Mapping[Strategy, Mapping[Rung, Source]] = {
    Strategy.FOR_YOU: {
        Rung.MODEL: for_you,
        Rung.COUNTS: partial(for_you, counts_only=True),
        Rung.POPULARITY: popular,
    },
    Strategy.SIMILAR: {
        Rung.MODEL: similar,
        Rung.COUNTS: partial(similar, counts_only=True),
        Rung.POPULARITY: popular,
    },
    Strategy.FREQUENTLY_BOUGHT_TOGETHER: {Rung.COUNTS: bought_together},
    Strategy.RECENTLY_VIEWED: {Rung.HISTORY: recently_viewed},
    Strategy.TRENDING: {Rung.POPULARITY: popular},
    Strategy.ALSO_VIEWED: {Rung.COUNTS: also_viewed},
    Strategy.CART_COMPLEMENTS: {Rung.COUNTS: cart_complements},
    Strategy.POST_PURCHASE: {Rung.COUNTS: post_purchase},
    Strategy.UPSELL: {Rung.MODEL: upsell, Rung.COUNTS: partial(upsell, counts_only=True)},
    Strategy.BUY_IT_AGAIN: {Rung.COUNTS: buy_it_again},
    Strategy.CONTINUE_SHOPPING: {Rung.HISTORY: continue_shopping},
    Strategy.BACK_IN_STOCK_FOR_YOU: {Rung.HISTORY: back_in_stock},
    Strategy.BESTSELLERS: {Rung.POPULARITY: bestsellers},
    Strategy.TRENDING_IN_COUNTRY: {Rung.POPULARITY: trending_in_country},
    Strategy.DAYPART_MIX: {Rung.MODEL: daypart_mix, Rung.COUNTS: partial(daypart_mix, counts_only=True)},
    Strategy.NEW_ARRIVALS_FOR_YOU: {Rung.CATALOG: new_arrivals},
    Strategy.ON_SALE_FOR_YOU: {Rung.CATALOG: on_sale},
    Strategy.BECAUSE_YOU: {Rung.MODEL: because_you, Rung.COUNTS: partial(because_you, counts_only=True)},
    Strategy.DISCOVER_WEEKLY: {Rung.MODEL: discover_weekly, Rung.COUNTS: partial(discover_weekly, counts_only=True)},
    Strategy.TOP_CATEGORIES: {Rung.COUNTS: top_categories},
    Strategy.NO_RESULTS: {
        Rung.MODEL: no_results,
        Rung.COUNTS: partial(no_results, counts_only=True),
        Rung.POPULARITY: popular,
    },
}
"""The rungs of each strategy, best first. Below the last of them is the empty shelf."""
