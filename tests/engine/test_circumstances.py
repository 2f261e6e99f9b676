"""Circumstances as numbers of texts: those of some rows, of two sets side by side, and of two one after the other."""

import numpy as np

from django_recs.engine.circumstances import NOTHING_KNOWN, Circumstances

PHONES = Circumstances.of({"device": ["mobile", "", "tablet", "mobile"]})


def said(circumstances: Circumstances) -> dict[str, list[str]]:
    return {name: [circumstances.texts[name][code] for code in codes] for name, codes in circumstances.codes.items()}


def test_zero_is_unknown_and_numbers_come_in_order_of_appearance() -> None:
    assert PHONES.codes["device"].tolist() == [1, 0, 2, 1]
    assert list(PHONES.texts["device"]) == ["", "mobile", "tablet"]


def test_some_rows_keep_their_texts() -> None:
    assert said(PHONES.at(np.array([2, 1]))) == {"device": ["tablet", ""]}
    assert said(PHONES.at(np.array([True, False, False, True]))) == {"device": ["mobile", "mobile"]}
    assert said(PHONES.at(slice(1, 3))) == {"device": ["", "tablet"]}


def test_side_by_side_and_one_after_the_other() -> None:
    places = Circumstances.of({"country": ["DE", "FR", "DE", ""]})

    assert said(PHONES.beside(places)) == said(PHONES) | said(places)
    assert said(PHONES.at(slice(0, 1)).and_then(PHONES.at(slice(2, 4)))) == {"device": ["mobile", "tablet", "mobile"]}


def test_nothing_known_is_nothing_known_of_any_rows() -> None:
    assert said(NOTHING_KNOWN.at(slice(3, 9)).and_then(NOTHING_KNOWN)) == {}
