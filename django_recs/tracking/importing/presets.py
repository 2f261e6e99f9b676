"""Known files: their columns and their ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django_recs.tracking.importing.mapping import Cells


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What the rows of a known file mean."""

    columns: Mapping[str, str]
    """Field -> column."""
    timezone: str
    adjust: Callable[[Cells], None]


def _online_retail(cells: Cells) -> None:
    """Invoices that start with C are refunds of earlier purchases: the file does not say of which."""
    if "customer_id" in cells:
        cells["customer_id"] = str(cells["customer_id"]).removesuffix(".0")
    if str(cells.get("order_id", "")).upper().startswith("C"):
        del cells["order_id"]
        cells["type"] = "refund"
        cells["quantity"] = str(cells.get("quantity", 1)).removeprefix("-")


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
