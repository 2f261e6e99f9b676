"""Products: a kind, a style and a colour each, and the words and the price that follow from them."""

from dataclasses import dataclass

import numpy as np

from django_recs.engine.simulation.ranges import KINDS, STYLES, Kind, Style

_ONSETS = ("Bra", "Dal", "Elm", "Fen", "Gil", "Hal", "Ives", "Kel", "Lor", "Mar", "Nor", "Oren", "Pell", "Quil", "Ros")
_CODAS = ("bec", "dine", "fell", "gate", "holt", "lund", "mere", "ney", "ora", "stow", "vik", "wen")
BRANDS_PER_STYLE = 4


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product as a shop's catalogue knows it; what is hidden about it is in `taste.Truth`."""

    sku: str
    title: str
    description: str
    category: tuple[str, str]
    """Department and kind."""
    brand: str
    price_cents: int
    kind: int
    """Index into `ranges.KINDS`."""
    style: int
    """Index into `ranges.STYLES`."""
    colour: str
    """Hex."""


def make_brands(rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Invented brand names, `BRANDS_PER_STYLE` for each style."""
    names = [onset + coda for onset in _ONSETS for coda in _CODAS]
    chosen = rng.permutation(len(names))[: BRANDS_PER_STYLE * len(STYLES)]
    groups = chosen.reshape(len(STYLES), BRANDS_PER_STYLE)
    return [tuple(names[index] for index in group) for group in groups]


def make_products(count: int, rng: np.random.Generator) -> list[Product]:
    """``count`` products, kinds taking turns, so that each kind is about equally wide."""
    brands = make_brands(rng)
    taken: set[str] = set()
    products = []
    for number in range(count):
        kind_index = number % len(KINDS)
        style_index = int(rng.integers(len(STYLES)))
        products.append(_make_product(number, kind_index, style_index, brands[style_index], rng, taken))
    return products


def _make_product(
    number: int, kind_index: int, style_index: int, brands: tuple[str, ...], rng: np.random.Generator, taken: set[str]
) -> Product:
    kind, style = KINDS[kind_index], STYLES[style_index]
    brand = brands[int(rng.integers(len(brands)))]
    colour_word, colour = style.colours[int(rng.integers(len(style.colours)))]
    variant = kind.variants[int(rng.integers(len(kind.variants)))]
    title = _unused_title(_make_title(kind, style, colour_word, variant), brand, taken)
    spread = float(rng.beta(1.6, 2.6))
    price = kind.low_price * (kind.high_price / kind.low_price) ** spread
    return Product(
        sku=f"{kind.department[:2].upper()}{number + 1:05d}",
        title=title,
        description=_make_description(kind, style, colour_word, variant, brand),
        category=(kind.department, kind.name),
        brand=brand,
        price_cents=max(100, round(price * 2) * 50 - 5),
        kind=kind_index,
        style=style_index,
        colour=colour,
    )


def _make_title(kind: Kind, style: Style, colour_word: str, variant: str) -> str:
    title = f"{variant} {kind.noun}, {colour_word}"
    if style.pattern != "plain":
        title = f"{style.pattern_word} {title}"
    return title[0].upper() + title[1:]


def _unused_title(title: str, brand: str, taken: set[str]) -> str:
    """``title`` when it is free, else with the brand, else with a series number."""
    candidates = [title, f"{title}, {brand}", *(f"{title}, {brand} No. {number}" for number in range(2, 10_000))]
    chosen = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(chosen)
    return chosen


def _make_description(kind: Kind, style: Style, colour_word: str, variant: str, brand: str) -> str:
    return (
        f"{variant.capitalize()} {kind.noun} in {colour_word} by {brand}: {kind.use}. "
        f"{style.mood}. From the {style.name} collection."
    )
