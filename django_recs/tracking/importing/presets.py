"""Known files: their columns and their ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django_recs.tracking.importing.mapping import Cells


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What the rows of a known file mean."""

    columns: Mapping[str, str]
    """Field -> column."""
    timezone: str
    adjust: Callable[[Cells], None]


def _online_retail(cells: Cells) -> None:
    """Invoices that start with C are refunds of earlier purchases: the file does not say of which.

    Copies of the file write times as 2010-12-01 08:26:00 or, saved by a spreadsheet, as 12/1/2010 8:26.
    """
    if "/" in str(cells.get("occurred_at", "")):
        cells["occurred_at"] = _american_time(cells["occurred_at"])
    if "customer_id" in cells:
        cells["customer_id"] = str(cells["customer_id"]).removesuffix(".0")
    if str(cells.get("order_id", "")).upper().startswith("C"):
        del cells["order_id"]
        cells["type"] = "refund"
        cells["quantity"] = str(cells.get("quantity", 1)).removeprefix("-")


@lru_cache(maxsize=4_096)
def _american_time(cell: str) -> str:
    """The same as ISO 8601; what is no such time stays as it is, to be refused."""
    try:
        return datetime.strptime(cell, "%m/%d/%Y %H:%M").isoformat()  # noqa: DTZ007 the plan adds the zone
    except ValueError:
        return cell


PRESETS: Mapping[str, Preset] = {
    "online-retail": Preset(
        columns={
            "order_id": "InvoiceNo",
            "item_id": "StockCode",
            "quantity": "Quantity",
            "occurred_at": "InvoiceDate",
            "price": "UnitPrice",
            "customer_id": "CustomerID",
        },
        timezone="Europe/London",
        adjust=_online_retail,
    ),
}
