"""Words of product names, and what they say about department, picture and colour."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    department: str
    name: str
    shapes: tuple[str, ...]
    """Keys of `django_recs.engine.simulation.SHAPES`."""
    words: frozenset[str] = frozenset()


def _kind(department: str, name: str, shapes: str, words: str) -> Kind:
    return Kind(department=department, name=name, shapes=tuple(shapes.split()), words=frozenset(words.split()))


OTHER = _kind("Home", "Finds", "box heart vase", "")

KINDS: tuple[Kind, ...] = (
    _kind("Christmas", "Decorations", "bauble",
          "CHRISTMAS XMAS ADVENT BAUBLE REINDEER SANTA SNOWFLAKE SNOWMAN ANGEL NOEL"),
    _kind("Bags", "Lunch bags", "bag", "LUNCH"),
    _kind("Bags", "Shoppers", "bag", "BAG JUMBO SHOPPER TOTE CHARLOTTE"),
    _kind("Bags", "Purses and cases", "bag", "PURSE WALLET POUCH WASHBAG SUITCASE LUGGAGE PASSPORT CASE"),
    _kind("Bath", "Hot water bottles", "tube", "HOT HOTTIE WARMER BALM GLOSS"),
    _kind("Light", "Lanterns", "lantern", "LANTERN CHANDELIER"),
    _kind("Light", "Candles and holders", "candle",
          "CANDLE CANDLES TLIGHT LIGHT TEALIGHT INCENSE CANDLESTICK CANDLEHOLDER"),
    _kind("Light", "Lamps", "lamp", "LAMP LIGHTS LAMPSHADE TORCH BULB"),
    _kind("Kitchen", "Mugs and cups", "mug", "MUG CUP TEACUP SAUCER BEAKER COFFEE"),
    _kind("Kitchen", "Teapots and jugs", "teapot", "TEAPOT JUG KETTLE TEA MILK"),
    _kind("Kitchen", "Bowls", "bowl", "BOWL DISH COLANDER"),
    _kind("Kitchen", "Plates and trays", "plate", "PLATE TRAY COASTER PLACEMAT CAKESTAND STAND"),
    _kind("Kitchen", "Baking", "pan",
          "CAKE BAKING BAKE JELLY MOULD PAN COOKIE CUTTER RECIPE SCALE WHISK CUPCAKE MUFFIN"),
    _kind("Kitchen", "Towels and aprons", "towel", "TOWEL APRON OVEN GLOVE NAPKIN TABLECLOTH CLOTH"),
    _kind("Kitchen", "Storage", "tin jar", "TIN JAR BREAD STORAGE CANISTER BISCUIT SUGAR PANTRY"),
    _kind("Kitchen", "Bottles and glass", "bottle", "BOTTLE GLASS TUMBLER DECANTER WINE CHAMPAGNE FLASK"),
    _kind("Kitchen", "Cutlery and boards", "board", "CUTLERY SPOON KNIFE FORK CHOPPING BOARD CHEESE SPATULA"),
    _kind("Paper", "Gift wrap", "wrap", "WRAP WRAPPING RIBBON GIFT TISSUE BOW"),
    _kind("Paper", "Cards and stickers", "card", "CARD POSTCARD STICKER TAG ENVELOPE VALENTINE INVITE"),
    _kind("Paper", "Notebooks", "notebook", "NOTEBOOK BOOK JOURNAL DIARY CALENDAR PAD ORGANISER ALBUM PAPER"),
    _kind("Paper", "Pens and pencils", "pencils", "PENCIL PEN CHALK CRAYON ERASER RULER SHARPENER"),
    _kind("Home", "Clocks", "clock", "CLOCK ALARM"),
    _kind("Home", "Frames and mirrors", "frame", "FRAME MIRROR PICTURE PHOTO"),
    _kind("Home", "Signs", "sign", "SIGN BLACKBOARD BOARD CHALKBOARD LETTER"),
    _kind("Home", "Cushions and textiles", "cushion", "CUSHION PILLOW QUILT BLANKET RUG DOORMAT MAT CURTAIN THROW"),
    _kind("Home", "Hearts and garlands", "heart", "HEART GARLAND BUNTING WREATH MOBILE"),
    _kind("Home", "Boxes and drawers", "box", "BOX DRAWER CABINET KNOB HOOK HANGER TRINKET BASKET CRATE"),
    _kind("Home", "Vases and flowers", "vase", "VASE FLOWER ROSE TULIP BOUQUET PETAL"),
    _kind("Home", "Umbrellas", "umbrella", "UMBRELLA PARASOL RAIN"),
    _kind("Garden", "Pots and planters", "planter", "PLANTER POT POTTED HERB PLANT TERRACOTTA"),
    _kind("Garden", "Out of doors", "watering_can", "GARDEN WATERING SEED BIRD BIRDHOUSE PICNIC BUCKET SPADE GNOME"),
    _kind("Bath", "Soap and towels", "soap bath_towel", "SOAP BATH SPONGE BATHROOM FLANNEL SHOWER"),
    _kind("Play", "Toys and games", "pencils box",
          "TOY DOLL GAME PUZZLE PLAY BALLOON SKITTLE DOMINO CARDS DINOSAUR SOLDIER"),
    _kind("Play", "Children", "cushion", "BABY CHILD CHILDREN SPACEBOY CIRCUS BOYS GIRLS DOLLY RABBIT"),
    _kind("Jewellery", "Necklaces and bracelets", "heart", "NECKLACE BRACELET NECKL BEAD BEADS CHAIN PENDANT"),
    _kind("Jewellery", "Earrings and hair", "heart", "EARRING EARRINGS RING BROOCH HAIR CLIP HAIRBAND KEYRING"),
)  # fmt: skip

COLOURS: dict[str, str] = {
    "RED": "#c8473f", "PINK": "#e79aa9", "BLUE": "#6f93c3", "GREEN": "#6f9a6a", "WHITE": "#e9e5dc", "IVORY": "#ebe0c6",
    "CREAM": "#ecdfc4", "BLACK": "#4a4a4d", "SILVER": "#b9bcc0", "GOLD": "#c9a34d", "YELLOW": "#efc452",
    "ORANGE": "#e58f45", "PURPLE": "#87649f", "LILAC": "#b7a0cf", "TURQUOISE": "#59aeb0", "BROWN": "#80604b",
    "GREY": "#a3a5a6", "COPPER": "#b5714c", "BRASS": "#b78f3f", "WOODEN": "#c29a6b", "WOOD": "#c29a6b",
    "MINT": "#a9d3bd", "AQUA": "#7fc1c4", "RUBY": "#9c2f45", "AMBER": "#d2893a", "STRAWBERRY": "#d9586a",
    "WICKER": "#c9a878", "ZINC": "#a9b0b3", "ENAMEL": "#e6e2d6", "GLASS": "#bcd6d6", "JADE": "#6aa98a",
}  # fmt: skip

PATTERNS: dict[str, str] = {
    "POLKADOT": "dots", "POLKA": "dots", "SPOT": "dots", "SPOTS": "dots", "SPOTTY": "dots", "RETROSPOT": "dots",
    "DOT": "dots", "STRIPE": "stripe", "STRIPES": "stripe", "STRIPED": "stripe", "GINGHAM": "check", "CHECK": "check",
    "PAISLEY": "leaf", "FLORAL": "leaf", "ROSE": "leaf", "ROSES": "leaf", "FLOWER": "leaf", "FLOWERS": "leaf",
    "LEAF": "leaf", "WOODLAND": "leaf", "STRAWBERRY": "speckle", "VINTAGE": "speckle", "SUKI": "leaf", "DAISY": "leaf",
}  # fmt: skip
