"""What the simulated shop sells: kinds of product, styles, and which kinds are used together."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of product, which is a leaf of the category tree."""

    department: str
    name: str
    """Category name, plural."""
    noun: str
    shape: str
    """Drawing in `pictures.SHAPES`."""
    variants: tuple[str, ...]
    """Words before the noun: material, flavour or size."""
    low_price: float
    high_price: float
    refill_days: int = 0
    """Days until it is used up and bought again; 0: it lasts."""
    peak_day: int = 0
    """Day of the year with the highest demand; 0: no season."""
    goes_with: tuple[str, ...] = ()
    """Names of kinds that are used together with it; the direction counts (a teapot asks for tea)."""
    use: str = ""
    """Half a sentence for the description."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """A look that runs through all kinds: shoppers who like it in mugs like it in cushions."""

    name: str
    colours: tuple[tuple[str, str], ...]
    """(word, hex)"""
    pattern: str
    """Drawing in `pictures.PATTERNS`."""
    pattern_word: str
    accent: str
    background: str
    mood: str


STYLES: tuple[Style, ...] = (
    Style(
        name="nordic",
        colours=(("chalk", "#e6e0d4"), ("dove grey", "#b9bcbc"), ("birch", "#d9c6a3"), ("ice blue", "#b8cfda")),
        pattern="plain",
        pattern_word="plain",
        accent="#5d6b75",
        background="#f3f1ec",
        mood="Quiet lines and pale colours that leave a room its light",
    ),
    Style(
        name="rustic",
        colours=(("clay", "#b9714f"), ("oat", "#d8c3a0"), ("walnut", "#7a5540"), ("rust", "#a4512f")),
        pattern="speckle",
        pattern_word="speckled",
        accent="#4f382b",
        background="#f4ebe0",
        mood="Earthy, a little rough, and better with every year of use",
    ),
    Style(
        name="botanical",
        colours=(("moss", "#7c8b4f"), ("fern", "#4f7d57"), ("sage", "#a9b79b"), ("olive", "#8a8450")),
        pattern="leaf",
        pattern_word="leaf-print",
        accent="#2f4d38",
        background="#edf2e6",
        mood="Leaves and stems, drawn from plants that grow by the path",
    ),
    Style(
        name="bold",
        colours=(("coral", "#f0745c"), ("marigold", "#f2ab3c"), ("cobalt", "#345fc4"), ("plum", "#8a4a83")),
        pattern="dots",
        pattern_word="dotted",
        accent="#fff3df",
        background="#fdeee6",
        mood="Strong colours for people who like to be seen",
    ),
    Style(
        name="heritage",
        colours=(("navy", "#2f4364"), ("burgundy", "#7c2f3d"), ("bottle green", "#2e5646"), ("brass", "#b78f3f")),
        pattern="check",
        pattern_word="checked",
        accent="#e7d7b0",
        background="#f1ece6",
        mood="Made the way it was made a hundred years ago",
    ),
    Style(
        name="coastal",
        colours=(("sea glass", "#8fc1b5"), ("sand", "#dfcfae"), ("sky", "#8fb8de"), ("driftwood", "#a39788")),
        pattern="stripe",
        pattern_word="striped",
        accent="#f7fbfb",
        background="#eaf3f5",
        mood="Washed-out tones, as if they had lain in the sun by the sea",
    ),
)

_GLAZES = ("stoneware", "porcelain", "enamel", "earthenware")
_CLOTHS = ("linen", "cotton", "wool", "velvet")
_SCENTS = ("cedar", "lavender", "fig", "orange blossom", "sea salt")

KINDS: tuple[Kind, ...] = (
    Kind(department="Kitchen", name="Mugs", noun="mug", shape="mug", variants=_GLAZES, low_price=8, high_price=22,
         goes_with=("Tea", "Coffee"), use="holds a generous first cup"),
    Kind(department="Kitchen", name="Bowls", noun="bowl", shape="bowl", variants=_GLAZES, low_price=9, high_price=30,
         goes_with=("Plates",), use="for soup at noon and fruit in the evening"),
    Kind(department="Kitchen", name="Plates", noun="plate", shape="plate", variants=_GLAZES, low_price=10,
         high_price=28, goes_with=("Bowls",), use="safe in the oven and the dishwasher"),
    Kind(department="Kitchen", name="Teapots", noun="teapot", shape="teapot", variants=_GLAZES, low_price=24,
         high_price=68, goes_with=("Tea", "Mugs"), use="pours without a drop on the table"),
    Kind(department="Kitchen", name="Pans", noun="pan", shape="pan", variants=("cast iron", "steel", "copper"),
         low_price=32, high_price=120, goes_with=("Olive oil", "Boards"), use="heats evenly on every hob"),
    Kind(department="Kitchen", name="Boards", noun="board", shape="board", variants=("oak", "beech", "acacia"),
         low_price=18, high_price=55, goes_with=("Tea towels",), use="for bread, cheese and everything in between"),
    Kind(department="Kitchen", name="Tea towels", noun="tea towel", shape="towel", variants=("linen", "cotton"),
         low_price=7, high_price=18, goes_with=("Boards",), use="dries a whole dinner party"),
    Kind(department="Pantry", name="Tea", noun="tea", shape="tin", variants=("Assam", "Earl Grey", "mint",
         "rooibos"), low_price=6, high_price=16, refill_days=32, goes_with=("Honey", "Mugs"),
         use="loose leaf, about fifty cups"),
    Kind(department="Pantry", name="Coffee", noun="coffee", shape="pouch", variants=("espresso", "filter", "decaf"),
         low_price=8, high_price=19, refill_days=24, goes_with=("Mugs", "Chocolate"), use="roasted in small batches"),
    Kind(department="Pantry", name="Honey", noun="honey", shape="jar", variants=("acacia", "heather", "forest"),
         low_price=6, high_price=14, refill_days=40, goes_with=("Tea",), use="from hives that stay where they are"),
    Kind(department="Pantry", name="Chocolate", noun="chocolate", shape="bar", variants=("dark", "milk", "hazelnut",
         "salted"), low_price=3, high_price=9, refill_days=18, peak_day=350, goes_with=("Coffee",),
         use="breaks with a clean snap"),
    Kind(department="Pantry", name="Olive oil", noun="olive oil", shape="bottle", variants=("mild", "peppery",
         "fruity"), low_price=9, high_price=26, refill_days=45, goes_with=("Bowls",),
         use="cold pressed within a day of picking"),
    Kind(department="Living", name="Cushions", noun="cushion", shape="cushion", variants=_CLOTHS, low_price=18,
         high_price=52, goes_with=("Throws",), use="with a cover that can be washed"),
    Kind(department="Living", name="Throws", noun="throw", shape="throw", variants=_CLOTHS, low_price=39,
         high_price=110, peak_day=330, goes_with=("Cushions", "Candles"), use="long enough for tall people"),
    Kind(department="Living", name="Candles", noun="candle", shape="candle", variants=_SCENTS, low_price=9,
         high_price=34, refill_days=36, peak_day=345, goes_with=("Lanterns",), use="burns for forty hours"),
    Kind(department="Living", name="Vases", noun="vase", shape="vase", variants=("glass", "stoneware", "ceramic"),
         low_price=15, high_price=60, goes_with=("Candles",), use="steady with one stem and with twenty"),
    Kind(department="Living", name="Lamps", noun="table lamp", shape="lamp", variants=("linen", "paper", "ceramic"),
         low_price=45, high_price=140, peak_day=320, goes_with=("Picture frames",), use="warm light, dimmable"),
    Kind(department="Living", name="Picture frames", noun="picture frame", shape="frame", variants=("oak", "ash",
         "metal"), low_price=12, high_price=40, goes_with=("Picture frames",), use="hangs upright and sideways"),
    Kind(department="Bath", name="Soap", noun="soap", shape="soap", variants=_SCENTS, low_price=4, high_price=11,
         refill_days=28, goes_with=("Hand cream", "Bath towels"), use="stirred by hand, matured for six weeks"),
    Kind(department="Bath", name="Hand cream", noun="hand cream", shape="tube", variants=_SCENTS, low_price=7,
         high_price=18, refill_days=42, goes_with=("Soap",), use="sinks in within a minute"),
    Kind(department="Bath", name="Bath towels", noun="bath towel", shape="bath_towel", variants=("cotton", "waffle",
         "linen"), low_price=16, high_price=48, goes_with=("Soap",), use="thick, and dry again by the next morning"),
    Kind(department="Garden", name="Planters", noun="planter", shape="planter", variants=("terracotta", "zinc",
         "ceramic"), low_price=12, high_price=58, peak_day=125, goes_with=("Seeds", "Watering cans"),
         use="drains well, frost-proof"),
    Kind(department="Garden", name="Seeds", noun="seeds", shape="packet", variants=("basil", "poppy", "tomato",
         "cornflower"), low_price=2.5, high_price=6, refill_days=60, peak_day=105, goes_with=("Planters",),
         use="open-pollinated"),
    Kind(department="Garden", name="Watering cans", noun="watering can", shape="watering_can", variants=("steel",
         "zinc", "enamel"), low_price=19, high_price=52, peak_day=135, goes_with=("Seeds",),
         use="well balanced, full or empty"),
    Kind(department="Garden", name="Lanterns", noun="lantern", shape="lantern", variants=("iron", "brass", "glass"),
         low_price=17, high_price=64, peak_day=310, goes_with=("Candles",), use="keeps a flame alive in the wind"),
    Kind(department="Desk", name="Notebooks", noun="notebook", shape="notebook", variants=("lined", "dotted",
         "blank"), low_price=6, high_price=22, peak_day=245, goes_with=("Pencils",), use="lies flat, takes ink"),
    Kind(department="Desk", name="Pencils", noun="pencil set", shape="pencils", variants=("graphite", "coloured",
         "soft"), low_price=5, high_price=19, peak_day=245, goes_with=("Notebooks",), use="twelve in a box"),
    Kind(department="Desk", name="Cards", noun="greeting card", shape="card", variants=("birthday", "thank-you",
         "blank"), low_price=2.5, high_price=5, refill_days=50, peak_day=345, goes_with=("Gift wrap",),
         use="with an envelope"),
    Kind(department="Desk", name="Gift wrap", noun="gift wrap", shape="wrap", variants=("kraft", "tissue",
         "recycled"), low_price=3, high_price=9, peak_day=350, goes_with=("Cards",),
         use="two metres, strong enough for corners"),
)  # fmt: skip

KIND_INDEX: dict[str, int] = {kind.name: index for index, kind in enumerate(KINDS)}
