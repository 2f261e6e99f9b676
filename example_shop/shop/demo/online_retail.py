"""A shop from the Online Retail data set of the UCI Machine Learning Repository: one row is one order line.

The file has no catalogue, so products are read off the order lines: the most frequent description, the median price,
and a category and a picture by the words of the description.
"""

import csv
import gzip
import hashlib
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from django_recs.engine.simulation import draw_picture
from django_recs.engine.simulation.ranges import STYLES
from shop.demo.assortment import NewProduct
from shop.demo.words import COLOURS, KINDS, OTHER, PATTERNS, Kind

COLUMNS = ("StockCode", "Description", "UnitPrice", "InvoiceDate", "Quantity")
STOCK_CODE = re.compile(r"\d{5}[A-Za-z]*")
"""Others are postage, fees, samples and corrections."""


class NotOnlineRetail(Exception):
    """The file does not look like the Online Retail data set."""


@dataclass(kw_only=True)
class _Seen:
    """What the order lines say of one stock code."""

    descriptions: Counter[str] = field(default_factory=Counter)
    prices: list[float] = field(default_factory=list)
    first_sold: str = "9"


def read_products(file: Path) -> Iterator[NewProduct]:
    """Products in the order of their stock codes.

    Raises:
        NotOnlineRetail: a column is missing.
    """
    for sku, seen in sorted(_read_lines(file).items()):
        if seen.prices:
            yield _product(sku, seen)


def _read_lines(file: Path) -> dict[str, _Seen]:
    codes: dict[str, _Seen] = {}
    open_text = gzip.open if file.suffix == ".gz" else open
    with open_text(file, "rt", encoding="utf-8", errors="replace", newline="") as text:
        reader = csv.DictReader(text)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise NotOnlineRetail(f"{file} has no column {', '.join(missing)}.")
        for row in reader:
            sku = row["StockCode"]
            if not STOCK_CODE.fullmatch(sku):
                continue
            seen = codes.setdefault(sku, _Seen())
            description = " ".join(row["Description"].split())
            if description.isupper():  # notes of the stock room, such as "damaged?", are in lower case
                seen.descriptions[description] += 1
            _add_price(seen, row)
    return codes


def _add_price(seen: _Seen, row: dict[str, str]) -> None:
    try:
        price, quantity = float(row["UnitPrice"]), float(row["Quantity"])
    except ValueError:
        return
    if 0 < price < 100_000 and quantity > 0:
        seen.prices.append(price)
        seen.first_sold = min(seen.first_sold, row["InvoiceDate"])


def _product(sku: str, seen: _Seen) -> NewProduct:
    name = seen.descriptions.most_common(1)[0][0] if seen.descriptions else f"ARTICLE {sku}"
    words = re.findall(r"[A-Z]+", name)
    kind = kind_of(words)
    return NewProduct(
        sku=sku,
        title=name.capitalize(),
        description=f"{name.capitalize()}. From the department {kind.department}, {kind.name}.",
        department=kind.department,
        kind=kind.name,
        brand="",
        price=max(Decimal("0.01"), Decimal(f"{statistics.median(seen.prices):.2f}")),
        picture=_picture(sku, words, kind),
        launched_at=_time(seen.first_sold),
    )


def kind_of(words: list[str]) -> Kind:
    """The first kind, in the order of the list, that has one of its words in the description."""
    known = {*words, *(word.removesuffix("S") for word in words)}
    return next((kind for kind in KINDS if known & kind.words), OTHER)


def _picture(sku: str, words: list[str], kind: Kind) -> str:
    number = int(hashlib.sha256(sku.encode()).hexdigest(), 16)
    style = STYLES[number % len(STYLES)]
    by_hash = style.colours[number // 7 % len(style.colours)][1]
    return draw_picture(
        kind.shapes[number // 31 % len(kind.shapes)],
        colour=next((COLOURS[word] for word in words if word in COLOURS), by_hash),
        accent="#fff8ec",
        background=style.background,
        pattern=next((PATTERNS[word] for word in words if word in PATTERNS), "plain"),
    )


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return datetime(2010, 12, 1, tzinfo=UTC)
