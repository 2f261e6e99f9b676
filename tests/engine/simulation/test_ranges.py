from django_recs.engine.simulation.pictures import PATTERNS, SHAPES
from django_recs.engine.simulation.ranges import KIND_INDEX, KINDS, STYLES


def test_the_tables_agree_with_one_another() -> None:
    assert len(KIND_INDEX) == len(KINDS)
    assert {kind.shape for kind in KINDS} <= set(SHAPES)
    assert {style.pattern for style in STYLES} == set(PATTERNS)
    assert {name for kind in KINDS for name in kind.goes_with} <= set(KIND_INDEX)
    assert all(0 < kind.low_price < kind.high_price for kind in KINDS)
