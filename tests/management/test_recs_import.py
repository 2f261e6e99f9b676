"""``recs_import``: good files, broken files, and the same file twice."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_recs.models import Event

pytestmark = pytest.mark.django_db
HEADER = "item_id,customer_id,occurred_at,quantity"
Import = Callable[..., str]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Writes a file, imports it and returns what the command said; refused rows go to ``refused.csv``."""

    def run(content: str | bytes, name: str = "events.csv", **options: Any) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        said = io.StringIO()
        options = {"purposes": "personalisation", "refused": tmp_path / "refused.csv", **options}
        call_command("recs_import", str(path), stdout=said, stderr=io.StringIO(), **options)
        return said.getvalue()

    return run


def refused(tmp_path: Path) -> list[tuple[int, str]]:
    """Line and code of each refused row."""
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as file:
        return [(int(row["line"]), row["code"]) for row in csv.DictReader(file)]


def stored(*names: str) -> list[Any]:
    return list(Event.objects.order_by("pk").values_list(*names, flat=len(names) == 1))


def test_every_column_fills_its_field(imported: Import) -> None:
    columns = "event_id,type,item_id,customer_id,visitor_id,occurred_at,quantity,price,currency,order_id,rating"
    row = "click 1,rate,a,7,f00d,2026-03-01T13:00:00+01:00,2,3.5,eur,1001,4.5"

    said = imported(f"{columns},device,country\n{row},mobile,de\n", purposes="personalisation,marketing")

    assert said.startswith("1 rows read in 0.0 s: 1 stored, 0 known before, 0 refused.")
    values = Event.objects.values().get()
    assert values.pop("received_at") > timezone.now() - timedelta(minutes=1)
    assert values.pop("id") and values.pop("event_id")
    assert values == {
        "type": "rate",
        "item_id": "a",
        "customer_id": "7",
        "visitor_id": "f00d",
        "occurred_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "purposes": 5,
        "is_bot": False,
        "source": "import",
        "quantity": 2,
        "price": Decimal("3.50"),
        "currency": "EUR",
        "order_id": "1001",
        "rating": 4.5,
        "list_id": None,
        "placement": "",
        "slot": None,
        "model_version_id": None,
        "rung": "",
        "device": "mobile",
        "country": "DE",
    }


ROWS = [
    {"item_id": "a", "customer_id": 1, "occurred_at": "2026-03-01", "quantity": 2},
    {"item_id": "b", "customer_id": 2, "occurred_at": "2026-03-02 10:30:00", "quantity": None},
]


def as_csv() -> bytes:
    lines = [",".join("" if value is None else str(value) for value in row.values()) for row in ROWS]
    return "\n".join([HEADER, *lines, ""]).encode()


def as_jsonl() -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in ROWS)


def as_parquet() -> bytes:
    import pyarrow
    from pyarrow import parquet

    written = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.csv", as_csv()),
        ("e.CSV", as_csv()),
        ("e.tsv", as_csv().replace(b",", b"\t")),
        ("e.csv.gz", gzip.compress(as_csv(), mtime=0)),
        ("bom.csv", b"\xef\xbb\xbf" + as_csv()),
        ("crlf.csv", as_csv().replace(b"\n", b"\r\n")),
        ("e.jsonl", as_jsonl()),
        ("e.jsonl.gz", gzip.compress(as_jsonl(), mtime=0)),
        ("e.parquet", as_parquet()),
    ],
)
def test_every_format_says_the_same(imported: Import, name: str, content: bytes) -> None:
    imported(as_csv())
    first = stored("event_id", "item_id", "customer_id", "occurred_at", "quantity")

    said = imported(content, name)

    assert "0 stored, 2 known before, 0 refused" in said
    assert [row[1:] for row in first] == [
        ("a", "1", datetime(2026, 3, 1, tzinfo=UTC), 2),
        ("b", "2", datetime(2026, 3, 2, 10, 30, tzinfo=UTC), 1),
    ]
    assert stored("event_id", "item_id", "customer_id", "occurred_at", "quantity") == first


def test_columns_are_mapped_by_option(imported: Import) -> None:
    imported(
        "product;client;day\na;7;01.03.2026 08:00\n",
        map=["item_id=product", "customer_id=client", "occurred_at=day"],
        type="view_item",
        delimiter=";",
        time_format="%d.%m.%Y %H:%M",
        timezone="Europe/Berlin",
    )

    assert stored("type", "item_id", "customer_id", "occurred_at") == [
        ("view_item", "a", "7", datetime(2026, 3, 1, 7, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("1772366400", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("1772366400.0", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("1772366400000", datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ],
)
def test_times_are_read(imported: Import, written: str, moment: datetime) -> None:
    imported(f"{HEADER}\na,1,{written},1\n")

    assert stored("occurred_at") == [moment]


def test_bad_rows_are_refused_alone_with_line_and_reason(imported: Import, tmp_path: Path) -> None:
    tomorrow = (timezone.now() + timedelta(days=2)).isoformat()
    rows = [
        "a,1,2026-03-01,1",
        "a,1,yesterday,1",
        "a,1,,1",
        "a,1,NaT,1",
        f"a,1,{tomorrow},1",
        "a,1,1969-12-31,1",
        ",1,2026-03-01,1",
        "NaN,1,2026-03-01,1",
        "a,1,2026-03-01,two",
        "a,1,2026-03-01,1.5",
        "a,1,2026-03-01,-3",
        "a,1,2026-03-01,inf",
        "a\0,1,2026-03-01,1",
        f"{'x' * 65},1,2026-03-01,1",
        "a,1,2026-03-01",
        "a,1,2026-03-01,1,extra",
        '"two\nlines",1,2026-03-01,nan',
        "",
        "z,1,2026-03-01,1",
    ]

    said = imported("\n".join([HEADER, *rows]))

    assert refused(tmp_path) == [
        (3, "bad_time"),
        (4, "missing_time"),
        (5, "missing_time"),
        (6, "bad_time"),
        (7, "bad_time"),
        (8, "missing_item"),
        (9, "missing_item"),
        (10, "bad_number"),
        (11, "bad_number"),
        (12, "out_of_range"),
        (13, "bad_number"),
        (14, "bad_text"),
        (15, "too_long"),
        (16, "bad_row"),
        (17, "bad_row"),
    ]
    assert stored("item_id", "quantity") == [("a", 1), ("two\nlines", 1), ("z", 1)]
    assert "18 rows read" in said
    assert "3 stored, 0 known before, 15 refused" in said
    assert f"Line numbers and reasons: {tmp_path / 'refused.csv'}" in said


def test_refused_rows_are_no_formulas(imported: Import, tmp_path: Path) -> None:
    imported(f"{HEADER}\n=cmd(),1,never,1\n")

    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "code", "detail", "row"],
            ["2", "bad_time", "'never' is not ISO 8601 or seconds since 1970.", "'=cmd() | 1 | never | 1"],
        ]


def test_nothing_refused_writes_no_file(imported: Import, tmp_path: Path) -> None:
    imported(as_csv())

    assert not (tmp_path / "refused.csv").exists()


def test_lines_that_say_the_same_are_events_of_their_own_once(imported: Import) -> None:
    twice = f"{HEADER}\na,1,2026-03-01,1\na,1,2026-03-01,1\nb,1,2026-03-01,1\n"

    first, second = imported(twice), imported(twice)
    longer = imported(twice + "a,1,2026-03-01,1\n")

    assert "3 stored, 0 known before" in first
    assert "0 stored, 3 known before" in second
    assert "1 stored, 3 known before" in longer
    assert Event.objects.count() == 4


def test_lines_that_say_the_same_can_be_stored_once(imported: Import) -> None:
    said = imported(f"{HEADER}\na,1,2026-03-01,1\na,1,2026-03-01,1\n", drop_identical=True)

    assert "1 stored, 1 known before" in said


def test_an_id_column_names_events(imported: Import) -> None:
    imported("id,item_id,customer_id,occurred_at\n7,a,1,2026-03-01\n", map=["event_id=id"])

    said = imported(
        "id,item_id,customer_id,occurred_at\n7,changed,1,2026-03-01\n8,b,1,2026-03-01\n", map=["event_id=id"]
    )

    assert "1 stored, 1 known before" in said
    assert stored("item_id") == ["a", "b"]


def test_batches_are_stored_whatever_their_size(imported: Import) -> None:
    lines = "\n".join(f"i{number},1,2026-03-01,1" for number in range(10))

    said = imported(f"{HEADER}\n{lines}\n", batch_size=3)

    assert "10 stored" in said
    assert sorted(stored("item_id")) == [f"i{number}" for number in range(10)]


def test_people_without_a_name(imported: Import, tmp_path: Path) -> None:
    rows = "item_id,visitor_id,occurred_at,type\na,nan,2026-03-01,purchase\nb,,2026-03-01,view_item\n"

    imported(rows)

    assert stored("item_id", "visitor_id", "purposes") == [("a", "", 0)]
    assert refused(tmp_path) == [(3, "missing_person")]
    assert "0 stored, 0 known before, 2 refused" in imported(rows, skip_anonymous=True)


def test_a_dry_run_judges_and_stores_nothing(imported: Import, tmp_path: Path) -> None:
    said = imported(f"{HEADER}\na,1,2026-03-01,1\nb,1,never,1\n", dry_run=True)

    assert "1 could be stored, 0 known before, 1 refused" in said
    assert refused(tmp_path) == [(3, "bad_time")]
    assert not Event.objects.exists()


ONLINE_RETAIL = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
C536379,D,Discount,-1,2011-07-01 09:41:00,27.50,14527.0,United Kingdom
536414,22139,,56,2010-12-01 11:52:00,0.00,,United Kingdom
A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom
537000,22712,,-20,2010-12-03 15:30:00,0.0,,United Kingdom
"""


def test_online_retail_is_known(imported: Import, tmp_path: Path) -> None:
    imported(ONLINE_RETAIL, preset="online-retail", purposes="all")

    winter, summer = datetime(2010, 12, 1, 8, 26, tzinfo=UTC), datetime(2011, 7, 1, 8, 41, tzinfo=UTC)
    assert stored("type", "item_id", "customer_id", "order_id", "quantity", "price", "occurred_at", "purposes") == [
        ("purchase", "85123A", "17850", "536365", 6, Decimal("2.55"), winter, 7),
        ("refund", "D", "14527", "", 1, Decimal("27.50"), summer, 7),
        ("purchase", "22139", "", "536414", 56, Decimal("0.00"), datetime(2010, 12, 1, 11, 52, tzinfo=UTC), 0),
    ]
    assert refused(tmp_path) == [(5, "out_of_range"), (6, "out_of_range")]


def test_online_retail_as_a_spreadsheet_saves_it(imported: Import, tmp_path: Path) -> None:
    header, line, *_ = ONLINE_RETAIL.splitlines()
    rows = [line.replace("2010-12-01 08:26:00", "12/1/2010 8:26").replace("17850.0", "17850")]
    rows.append(line.replace("2010-12-01 08:26:00", "13/1/2010 8:26"))

    imported("\n".join([header, line]), preset="online-retail")
    said = imported("\n".join([header, *rows]), preset="online-retail")

    assert "0 stored, 1 known before, 1 refused" in said
    assert refused(tmp_path) == [(3, "bad_time")]


@pytest.mark.parametrize(
    ("content", "name", "options", "message"),
    [
        ("", "e.csv", {}, "e.csv is empty."),
        ("", "e.jsonl", {}, "e.jsonl is empty."),
        ("a,b\n1,2\n", "e.csv", {}, "Missing columns: item_id, occurred_at, customer_id or visitor_id. Found: a, b. "),
        ('{"a": 1}\n', "e.jsonl", {}, "Missing columns: item_id, occurred_at, customer_id or visitor_id. Found: a. "),
        (as_csv(), "e.csv", {"map": ["item_id=sku"]}, "Missing columns: sku. Found: item_id, customer_id, "),
        (as_csv(), "e.csv", {"preset": "online-retail"}, "Missing columns: InvoiceNo, StockCode, Quantity, "),
        (as_csv(), "e.csv", {"map": ["sku=item_id"]}, "--map sku=item_id is not FIELD=COLUMN"),
        (as_csv(), "e.csv", {"purposes": "everything"}, "--purposes everything holds something else than"),
        (as_csv(), "e.csv", {"timezone": "Mars/Olympus"}, "--timezone Mars/Olympus is unknown"),
        (as_csv(), "e.csv", {"encoding": "klingon"}, "'klingon' is no encoding that Python knows."),
        (as_csv(), "e.csv", {"batch_size": 0}, "--batch-size must be 1 or more."),
        (as_csv(), "e.xlsx", {}, "e.xlsx has an unknown suffix; known are .csv, .csv.gz, "),
        (b"no gzip", "e.csv.gz", {}, "e.csv.gz is damaged: "),
        (gzip.compress(as_csv(), mtime=0)[:-12], "e.csv.gz", {}, "e.csv.gz is damaged: "),
        (b"no parquet", "e.parquet", {}, "e.parquet is no Parquet file: "),
        ("[1, 2]\n", "e.jsonl", {}, "e.jsonl is no JSONL file: line 1: no JSON object."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    imported: Import, content: str | bytes, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(CommandError) as error:
        imported(content, name, **options)

    assert message in str(error.value)
    assert not Event.objects.exists()


def test_a_missing_file_says_so() -> None:
    with pytest.raises(CommandError, match=r"nowhere\.csv is no file\."):
        call_command("recs_import", "nowhere.csv", purposes="none")


def test_another_encoding_is_named_by_line_and_byte(imported: Import) -> None:
    content = f"{HEADER}\na,1,2026-03-01,1\nCafé,1,2026-03-01,1\n".encode("latin-1")

    with pytest.raises(
        CommandError, match=r"is not utf-8: byte 0xe9 at place 4 of line 3\. Name .* --encoding latin-1"
    ):
        imported(content)
    assert not Event.objects.exists()

    imported(content, encoding="latin-1")
    assert stored("item_id") == ["a", "Café"]


def test_an_encoding_of_two_bytes(imported: Import) -> None:
    imported(as_csv().decode().encode("utf-16"), encoding="utf-16")

    assert stored("item_id") == ["a", "b"]


def test_a_broken_line_of_json_is_refused_alone(imported: Import, tmp_path: Path) -> None:
    good = b'{"item_id": "a", "customer_id": 1, "occurred_at": "2026-03-01"}\n'

    imported(good + b'{"item_id": \n[1]\n{"item_id": "b"}\n{"item_id": {"x": 1}, "customer_id": 1}\n' + good, "e.jsonl")

    assert refused(tmp_path) == [(2, "bad_row"), (3, "bad_row"), (4, "missing_time"), (5, "missing_time")]
    assert stored("item_id") == ["a", "a"]


def test_objects_are_read_by_key_whatever_the_first_line_lacks(imported: Import, tmp_path: Path) -> None:
    sparse = {"item_id": "a", "customer_id": 1, "occurred_at": "2026-03-01"}
    full = {"price": 2.5, "occurred_at": "2026-03-02", "quantity": 3, "order_id": "1001", "sku": "b", "customer_id": 1}
    full |= {"item_id": "b", "currency": "eur"}
    lines = [json.dumps(row) for row in (sparse, full)]

    imported("\n".join(lines), "e.jsonl")
    first = stored("event_id", "item_id", "quantity", "price", "currency", "order_id")
    said = imported("\n".join(reversed(lines)), "e.jsonl")

    assert [row[1:] for row in first] == [("a", 1, None, "", ""), ("b", 3, Decimal("2.50"), "EUR", "1001")]
    assert "0 stored, 2 known before, 0 refused" in said
    assert "0 stored, 1 known before, 1 refused" in imported("\n".join(lines), "e.jsonl", map=["item_id=sku"])
    assert refused(tmp_path) == [(1, "missing_item")]


def test_parquet_types_are_understood(imported: Import) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(
        {
            "item_id": pyarrow.array([1, 2, 3]),
            "customer_id": pyarrow.array([7.0, 8.0, float("nan")]),
            "occurred_at": pyarrow.array([datetime(2026, 3, day) for day in (1, 2, 3)], pyarrow.timestamp("ns")),  # noqa: DTZ001
            "price": pyarrow.array([Decimal("1.50"), None, Decimal("2.00")], pyarrow.decimal128(9, 2)),
            "ignored": pyarrow.array([[1], [2], [3]]),
        }
    )
    written = io.BytesIO()
    parquet.write_table(table, written)

    imported(written.getvalue(), "e.parquet", timezone="Europe/Berlin")

    assert stored("item_id", "customer_id", "occurred_at", "price") == [
        ("1", "7", datetime(2026, 2, 28, 23, tzinfo=UTC), Decimal("1.50")),
        ("2", "8", datetime(2026, 3, 1, 23, tzinfo=UTC), None),
        ("3", "", datetime(2026, 3, 2, 23, tzinfo=UTC), Decimal("2.00")),
    ]


def test_the_bar_shows_how_far_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(as_csv())
    bar = io.StringIO()

    call_command("recs_import", str(path), purposes="none", batch_size=1, stdout=io.StringIO(), stderr=bar)

    assert "100%" in bar.getvalue()
    assert "recs_import" in bar.getvalue()
