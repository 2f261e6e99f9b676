from django_recs.engine.content.tokens import TOKEN_LENGTH, labels_of, subwords_of, words_of
from tests.engine.by_hand import content as plain_content
from tests.engine.content.catalogue import CONTENT


def test_words_are_letters_and_digits_in_lower_case_each_once() -> None:
    assert words_of("Set of 3 MUGS, größe_L — set!") == ["set", "of", "3", "mugs", "größe", "l"]


def test_labels_are_categories_and_named_attributes() -> None:
    assert labels_of(CONTENT, 1) == ["kitchen", "mugs", "brand=acme"]


def test_pieces_of_a_word_know_its_ends() -> None:
    assert list(subwords_of("mugs")) == ["<mu", "mug", "ugs", "gs>", "<mug", "mugs", "ugs>", "<mugs", "mugs>"]
    assert list(subwords_of("a")) == []


def test_a_word_without_end_is_cut() -> None:
    assert words_of("x" * 10_000) == ["x" * TOKEN_LENGTH]
    content = plain_content("", categories=[("y" * 10_000,)])
    assert labels_of(content, 1) == ["y" * TOKEN_LENGTH]
