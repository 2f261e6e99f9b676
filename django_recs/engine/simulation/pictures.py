"""Product pictures: flat drawings in SVG, one shape per kind, in the colours and the pattern of the product."""

# ruff: noqa: E501  (a path of a drawing is clearer on one line)

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A drawing on a square of 400 units. ``{dark}``, ``{accent}`` and ``{colour}`` are replaced by colours."""

    body: str
    """Elements without a fill: they get the colour, the pattern and a shade."""
    behind: str = ""
    front: str = ""
    floor: int = 318
    """Height at which it stands; 0: it hangs or lies and has no shadow."""


SHAPES: dict[str, Shape] = {
    "mug": Shape(
        behind='<path d="M258 178h22a46 46 0 0 1 0 92h-30" fill="none" stroke="{dark}" stroke-width="20"/>',
        body='<path d="M122 140h142v138a38 38 0 0 1-38 38h-66a38 38 0 0 1-38-38z"/>',
        front='<ellipse cx="193" cy="140" rx="71" ry="15" fill="{dark}"/>'
        '<ellipse cx="193" cy="143" rx="60" ry="10" fill="#5b3a26"/>',
    ),
    "bowl": Shape(
        body='<path d="M84 178h232c0 78-44 128-80 134h-72c-36-6-80-56-80-134z"/>',
        front='<ellipse cx="200" cy="178" rx="116" ry="22" fill="{dark}"/>'
        '<ellipse cx="200" cy="182" rx="100" ry="15" fill="{accent}" opacity=".55"/>',
    ),
    "plate": Shape(
        body='<circle cx="200" cy="200" r="122"/>',
        front='<circle cx="200" cy="200" r="80" fill="#fff" opacity=".5"/>'
        '<circle cx="200" cy="200" r="80" fill="none" stroke="{dark}" stroke-width="3" opacity=".5"/>',
        floor=0,
    ),
    "teapot": Shape(
        behind='<path d="M262 190c58-18 74 66 6 84" fill="none" stroke="{dark}" stroke-width="17"/>'
        '<path d="M132 250c-40-4-40-58-72-66l14-18c42 10 46 44 70 48z" fill="{dark}"/>',
        body='<path d="M118 226c0-50 36-78 80-78s80 28 80 78-28 90-58 90h-44c-30 0-58-40-58-90z"/>',
        front='<path d="M150 160c8-20 88-20 96 0z" fill="{dark}"/><circle cx="198" cy="136" r="12" fill="{dark}"/>',
    ),
    "pan": Shape(
        behind='<rect x="246" y="190" width="128" height="20" rx="10" fill="#5a4334"/>',
        body='<circle cx="160" cy="200" r="106"/>',
        front='<circle cx="160" cy="200" r="84" fill="#2e2f33"/>'
        '<circle cx="160" cy="200" r="84" fill="none" stroke="{dark}" stroke-width="4"/>'
        '<circle cx="352" cy="200" r="4" fill="#f3efe8"/>',
        floor=0,
    ),
    "board": Shape(
        body='<path d="M128 150a24 24 0 0 1 24-24h28V92a20 20 0 0 1 40 0v34h28a24 24 0 0 1 24 24v146'
        'a24 24 0 0 1-24 24H152a24 24 0 0 1-24-24z"/>',
        front='<circle cx="200" cy="98" r="8" fill="{dark}"/>'
        '<path d="M150 180h100M150 220h72M150 262h90" stroke="{dark}" stroke-width="3" opacity=".35"/>',
        floor=0,
    ),
    "towel": Shape(
        behind='<rect x="70" y="92" width="260" height="12" rx="6" fill="#8a735e"/>',
        body='<path d="M124 98h152v210H124z"/>',
        front='<path d="M124 264h152v8H124zM124 282h152v8H124z" fill="{accent}" opacity=".8"/>'
        '<path d="M124 98h152v14H124z" fill="{dark}" opacity=".5"/>',
        floor=0,
    ),
    "bath_towel": Shape(
        body='<rect x="88" y="246" width="224" height="68" rx="26"/><rect x="98" y="180" width="204" height="68" rx="26"/>'
        '<rect x="108" y="114" width="184" height="68" rx="26"/>',
        front='<path d="M96 248h208M106 182h188" stroke="{dark}" stroke-width="4" opacity=".6"/>'
        '<path d="M252 118v60M262 184v60M270 250v60" stroke="{accent}" stroke-width="7" opacity=".8"/>',
    ),
    "tin": Shape(
        body='<rect x="128" y="134" width="144" height="182" rx="10"/>',
        front='<rect x="120" y="104" width="160" height="40" rx="10" fill="{dark}"/>'
        '<rect x="150" y="186" width="100" height="84" rx="8" fill="#fffaf0"/>'
        '<path d="M200 256c-26-16-26-38 0-54 26 16 26 38 0 54zm0-54v54" fill="{colour}" stroke="{dark}" stroke-width="2"/>',
    ),
    "pouch": Shape(
        body='<path d="M126 112h148l10 190a14 14 0 0 1-14 14H130a14 14 0 0 1-14-14z"/>',
        front='<path d="M126 88h148v28H126z" fill="{dark}"/>'
        '<rect x="150" y="168" width="100" height="100" rx="50" fill="#fffaf0"/>'
        '<ellipse cx="200" cy="218" rx="20" ry="29" fill="#5b3a26" transform="rotate(28 200 218)"/>'
        '<path d="M188 240c18-12 6-30 24-44" fill="none" stroke="#fffaf0" stroke-width="4"/>',
    ),
    "jar": Shape(
        body='<path d="M130 150h140a16 16 0 0 1 16 16v128a22 22 0 0 1-22 22H136a22 22 0 0 1-22-22V166a16 16 0 0 1 16-16z"/>',
        front='<rect x="124" y="108" width="152" height="44" rx="9" fill="{dark}"/>'
        '<rect x="140" y="196" width="120" height="80" rx="8" fill="#fffaf0"/>'
        '<path d="M200 212l20 12v23l-20 12-20-12v-23z" fill="{colour}" stroke="{dark}" stroke-width="2"/>',
    ),
    "bar": Shape(
        behind='<rect x="128" y="70" width="144" height="120" rx="6" fill="#4b2d20"/>'
        '<path d="M176 70v110M224 70v110M128 112h144" stroke="#6a4433" stroke-width="5"/>',
        body='<path d="M118 146l14-10 14 10 14-10 14 10 14-10 14 10 14-10 14 10 14-10 14 10 14-10 10 10v176H118z"/>',
        front='<rect x="146" y="200" width="108" height="72" rx="6" fill="#fffaf0"/>'
        '<path d="M164 224h72M178 246h44" stroke="{dark}" stroke-width="6" stroke-linecap="round"/>',
        floor=324,
    ),
    "bottle": Shape(
        behind='<rect x="184" y="60" width="32" height="34" rx="5" fill="#5a4334"/>',
        body='<path d="M180 90h40v52c0 20 34 30 34 70v84a20 20 0 0 1-20 20h-68a20 20 0 0 1-20-20v-84c0-40 34-50 34-70z"/>',
        front='<rect x="146" y="222" width="108" height="64" fill="#fffaf0"/>'
        '<path d="M200 236c22 8 22 28 0 38-22-10-22-30 0-38z" fill="{dark}"/>',
    ),
    "cushion": Shape(
        body='<path d="M86 100c40 14 188 14 228 0-12 46-12 160 0 206-40-14-188-14-228 0 12-46 12-160 0-206z"/>',
        front='<path d="M100 116c40 10 160 10 200 0M100 290c40-10 160-10 200 0" fill="none" stroke="{dark}"'
        ' stroke-width="3" opacity=".4"/>',
        floor=0,
    ),
    "throw": Shape(
        body='<path d="M90 196c0-34 20-56 56-56h150c20 0 30 12 30 32v144H90z"/>',
        front='<path d="M90 236h236M90 276h236" stroke="{dark}" stroke-width="4" opacity=".4"/>'
        '<path d="M96 316v16m16-16v16m16-16v16m16-16v16m16-16v16m16-16v16m16-16v16m16-16v16m16-16v16m16-16v16m16-16v16'
        'm16-16v16m16-16v16m16-16v16" stroke="{dark}" stroke-width="4"/>',
        floor=332,
    ),
    "candle": Shape(
        behind='<path d="M200 132c-22-24-4-40 0-62 10 20 24 40 0 62z" fill="#f7b23b"/>'
        '<path d="M200 130c-9-11-2-20 0-31 6 10 11 20 0 31z" fill="#fff1c9"/>'
        '<path d="M200 126v30" stroke="#4a3b30" stroke-width="4"/>',
        body='<path d="M136 158h128v142a16 16 0 0 1-16 16h-96a16 16 0 0 1-16-16z"/>',
        front='<ellipse cx="200" cy="158" rx="64" ry="13" fill="#fff8e8"/>'
        '<rect x="162" y="212" width="76" height="56" rx="4" fill="#fffaf0"/>'
        '<path d="M176 232h48M184 248h32" stroke="{dark}" stroke-width="4" stroke-linecap="round"/>',
    ),
    "vase": Shape(
        behind='<path d="M194 128c-6-40-30-50-46-70M204 128c0-36 4-56 10-84M212 128c8-30 26-40 46-50" fill="none"'
        ' stroke="#5f7b52" stroke-width="5"/><circle cx="146" cy="56" r="16" fill="{accent}"/>'
        '<circle cx="216" cy="42" r="18" fill="{colour}"/><circle cx="262" cy="74" r="15" fill="#f2c14e"/>',
        body='<path d="M170 124h60c-4 36 48 60 48 116 0 46-28 76-50 76h-56c-22 0-50-30-50-76 0-56 52-80 48-116z"/>',
        front='<ellipse cx="200" cy="124" rx="30" ry="7" fill="{dark}"/>',
    ),
    "lamp": Shape(
        behind='<path d="M200 200v104" stroke="{dark}" stroke-width="14"/>'
        '<path d="M142 304h116v14H142z" fill="{dark}"/><circle cx="200" cy="250" r="26" fill="{dark}"/>',
        body='<path d="M156 78h88l44 128H112z"/>',
        front='<path d="M112 206h176l-4 10H116z" fill="#fff1c9"/>',
    ),
    "frame": Shape(
        body='<path fill-rule="evenodd" d="M104 84h192v232H104zM126 106h148v188H126z"/>',
        front='<rect x="126" y="106" width="148" height="188" fill="#fffaf0"/>'
        '<circle cx="226" cy="164" r="20" fill="#f2c14e"/>'
        '<path d="M146 274l44-70 26 36 14-18 24 52z" fill="{dark}" opacity=".75"/>',
        floor=0,
    ),
    "soap": Shape(
        behind='<path d="M78 276h244l-20 38H98z" fill="#b89874"/>',
        body='<rect x="104" y="178" width="192" height="102" rx="36"/>',
        front='<rect x="146" y="206" width="108" height="46" rx="20" fill="none" stroke="{dark}" stroke-width="4"'
        ' opacity=".6"/><circle cx="278" cy="150" r="17" fill="#fff" opacity=".8"/>'
        '<circle cx="304" cy="122" r="10" fill="#fff" opacity=".8"/><circle cx="252" cy="128" r="8" fill="#fff" opacity=".8"/>',
    ),
    "tube": Shape(
        behind='<rect x="166" y="276" width="68" height="42" rx="8" fill="{dark}"/>',
        body='<path d="M138 84h124l-16 196h-92z"/>',
        front='<path d="M132 70h136v20H132z" fill="{dark}"/><rect x="160" y="142" width="80" height="84" rx="8" fill="#fffaf0"/>'
        '<path d="M176 168h48M176 186h48M184 204h32" stroke="{dark}" stroke-width="4" stroke-linecap="round"/>',
    ),
    "planter": Shape(
        behind='<path d="M200 206c-10-60-60-66-84-62 4 40 34 66 84 62zM200 206c10-76 66-82 92-74-6 48-42 76-92 74z'
        'M200 206c-36-60-16-114 6-134 24 30 30 84-6 134z" fill="#4f7d57"/>'
        '<path d="M200 206c2-50 4-80 6-120" stroke="#2f5438" stroke-width="4" fill="none"/>',
        body='<path d="M126 226h148l-18 90H144z"/>',
        front='<rect x="116" y="198" width="168" height="34" rx="7" fill="{dark}"/>',
    ),
    "packet": Shape(
        body='<path d="M124 82h152v234H124z"/>',
        front='<path d="M124 82h152v26H124z" fill="{dark}"/><circle cx="200" cy="206" r="62" fill="#fffaf0"/>'
        '<path d="M200 256v-60" stroke="#4f7d57" stroke-width="6"/>'
        '<path d="M200 214c-28 2-38-14-40-30 24-2 38 8 40 30zM200 202c26 0 36-16 36-34-24 0-36 12-36 34z" fill="#5f8f58"/>',
    ),
    "watering_can": Shape(
        behind='<path d="M252 262L330 150" stroke="{dark}" stroke-width="20"/>'
        '<path d="M312 134l44 30-12 12-44-30z" fill="{dark}"/>'
        '<path d="M120 176c-66 8-60 104 8 110" fill="none" stroke="{dark}" stroke-width="14"/>'
        '<path d="M140 172c8-66 100-66 108 0" fill="none" stroke="{dark}" stroke-width="12"/>',
        body='<path d="M120 166h148l12 150H108z"/>',
        front='<ellipse cx="194" cy="166" rx="74" ry="12" fill="{dark}"/>',
    ),
    "lantern": Shape(
        behind='<path d="M160 110c0-66 80-66 80 0" fill="none" stroke="{dark}" stroke-width="9"/>',
        body='<path d="M148 108h104l28 44H120zM116 296h168v22H116zM126 152h14v146h-14zM260 152h14v146h-14z"/>',
        front='<rect x="140" y="152" width="120" height="144" fill="#fff6dc"/>'
        '<rect x="178" y="232" width="44" height="64" fill="#fffaf0" stroke="#e4d6b8" stroke-width="3"/>'
        '<path d="M200 230c-16-18-3-30 0-46 8 14 18 30 0 46z" fill="#f7b23b"/>'
        '<path d="M160 152v144" stroke="#fff" stroke-width="8" opacity=".6"/>',
    ),
    "notebook": Shape(
        behind='<rect x="120" y="86" width="176" height="232" rx="8" fill="#fffaf0" stroke="#ddd2c0" stroke-width="3"/>',
        body='<rect x="110" y="80" width="176" height="232" rx="10"/>',
        front='<path d="M110 90a10 10 0 0 1 10-10h18v232h-18a10 10 0 0 1-10-10z" fill="{dark}" opacity=".7"/>'
        '<rect x="164" y="130" width="94" height="52" rx="5" fill="#fffaf0"/>'
        '<path d="M262 80v232" stroke="{accent}" stroke-width="8"/>',
    ),
    "pencils": Shape(
        behind='<path d="M150 200V96l12-32 12 32v104zM188 200V80l12-32 12 32v120zM226 200V96l12-32 12 32v104z" fill="#e8c48f"/>'
        '<path d="M157 78l5-14 5 14zM195 62l5-14 5 14zM233 78l5-14 5 14z" fill="#333"/>'
        '<path d="M150 98h24v110h-24z" fill="{dark}"/><path d="M188 82h24v126h-24z" fill="{accent}" stroke="{dark}"/>'
        '<path d="M226 98h24v110h-24z" fill="{colour}"/>',
        body='<path d="M132 190h136v126H132z"/>',
        front='<rect x="156" y="222" width="88" height="58" rx="6" fill="#fffaf0"/>'
        '<path d="M172 242h56M180 260h40" stroke="{dark}" stroke-width="4" stroke-linecap="round"/>',
    ),
    "card": Shape(
        behind='<rect x="84" y="176" width="210" height="142" rx="6" fill="#efe3cd" stroke="#d9c8a8" stroke-width="3"/>'
        '<path d="M84 180l105 78 105-78" fill="none" stroke="#d9c8a8" stroke-width="3"/>',
        body='<rect x="136" y="80" width="168" height="206" rx="6" transform="rotate(6 220 190)"/>',
        front='<g transform="rotate(6 220 190)"><rect x="160" y="112" width="120" height="140" rx="4" fill="#fffaf0"/>'
        '<path d="M220 216c-44-28-40-66-16-66 10 0 14 8 16 14 2-6 6-14 16-14 24 0 28 38-16 66z" fill="{colour}"/></g>',
    ),
    "wrap": Shape(
        behind='<rect x="70" y="120" width="60" height="196" rx="10" fill="{dark}" transform="rotate(-14 100 218)"/>',
        body='<rect x="124" y="144" width="172" height="172" rx="6"/>',
        front='<path d="M200 144h20v172h-20zM124 220h172v20H124z" fill="{accent}" opacity=".9"/>'
        '<path d="M210 144c-50-8-58-56-26-58 20 0 26 34 26 58zm0 0c50-8 58-56 26-58-20 0-26 34-26 58z" fill="{accent}"'
        ' stroke="{dark}" stroke-width="3"/>',
    ),
    "bag": Shape(
        behind='<path d="M152 150c0-100 96-100 96 0" fill="none" stroke="{dark}" stroke-width="13"/>',
        body='<path d="M108 146h184l14 170H94z"/>',
        front='<path d="M108 146h184l2 18H106z" fill="{dark}" opacity=".55"/>',
    ),
    "clock": Shape(
        behind='<path d="M150 300l-16 22M250 300l16 22" stroke="{dark}" stroke-width="14"/>',
        body='<circle cx="200" cy="204" r="118"/>',
        front='<circle cx="200" cy="204" r="94" fill="#fffaf0"/><path d="M200 128v12m0 128v12m76-76h-12m-128 0h-12"'
        ' stroke="{dark}" stroke-width="6"/><path d="M200 144v60l40 26" fill="none" stroke="#3b3a38" stroke-width="8"/>',
    ),
    "bauble": Shape(
        behind='<path d="M200 52v40" stroke="{dark}" stroke-width="4"/><rect x="182" y="86" width="36" height="28" rx="5" fill="#d9b45a"/>',
        body='<circle cx="200" cy="214" r="106"/>',
        front='<path d="M100 190c60 26 140 26 200 0M100 238c60 26 140 26 200 0" fill="none" stroke="{accent}" stroke-width="7"'
        ' opacity=".8"/>',
        floor=0,
    ),
    "heart": Shape(
        behind='<path d="M200 60c-22 30-14 58 0 80 14-22 22-50 0-80z" fill="none" stroke="#8a735e" stroke-width="5"/>',
        body='<path d="M200 318C60 226 92 124 152 124c28 0 42 22 48 40 6-18 20-40 48-40 60 0 92 102-48 194z"/>',
        floor=0,
    ),
    "sign": Shape(
        behind='<path d="M130 150l70-74 70 74" fill="none" stroke="#8a735e" stroke-width="5"/>',
        body='<rect x="84" y="148" width="232" height="136" rx="8"/>',
        front='<rect x="98" y="162" width="204" height="108" rx="4" fill="none" stroke="{accent}" stroke-width="4"/>'
        '<path d="M130 196h140M130 218h140M156 240h88" stroke="{accent}" stroke-width="8" stroke-linecap="round"/>',
        floor=0,
    ),
    "umbrella": Shape(
        behind='<path d="M200 96v190a26 26 0 0 0 52 0" fill="none" stroke="#5a4334" stroke-width="10"/>',
        body='<path d="M74 214c0-150 252-150 252 0-20-22-44-22-63 0-20-22-43-22-63 0-20-22-43-22-63 0-19-22-43-22-63 0z"/>',
        floor=0,
    ),
    "box": Shape(
        body='<path d="M100 160h200v156H100z"/>',
        front='<path d="M88 122h224v44H88z" fill="{dark}"/><path d="M152 206h96v48h-96z" fill="#fffaf0"/>'
        '<path d="M170 230h60" stroke="{dark}" stroke-width="5" stroke-linecap="round"/>',
    ),
}

PATTERNS: dict[str, str] = {
    "plain": "",
    "speckle": '<g fill="{accent}" opacity=".5"><circle cx="7" cy="9" r="2"/><circle cx="25" cy="22" r="1.4"/>'
    '<circle cx="16" cy="33" r="2.2"/><circle cx="34" cy="6" r="1.3"/></g>',
    "leaf": '<g fill="{accent}" opacity=".42"><path d="M8 18c0-10 6-14 14-15 0 10-6 15-14 15zM24 36c0-9 6-13 13-14 0 9-6 14-13 14z"/></g>',
    "dots": '<g fill="{accent}" opacity=".75"><circle cx="10" cy="10" r="5"/><circle cx="30" cy="30" r="5"/></g>',
    "check": '<g fill="{accent}" opacity=".28"><path d="M0 0h12v40H0zM0 0h40v12H0z"/></g>',
    "stripe": '<path d="M0 0h40v15H0z" fill="{accent}" opacity=".55"/>',
}


def draw_picture(shape: str, *, colour: str, accent: str, background: str, pattern: str = "plain") -> str:
    """An SVG file of ``shape`` (a key of `SHAPES`). Colours are ``#rrggbb``; ``pattern`` is a key of `PATTERNS`."""
    drawing = SHAPES[shape]
    colours = {"{dark}": _darker(colour), "{accent}": accent, "{colour}": colour}
    pattern_fill = '<use href="#b" fill="url(#p)"/>' if PATTERNS[pattern] else ""
    shadow = (
        f'<ellipse cx="200" cy="{drawing.floor}" rx="128" ry="12" fill="#000" opacity=".1"/>' if drawing.floor else ""
    )
    return _with_colours(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="800" height="800"><defs>'
        f'<pattern id="p" width="40" height="40" patternUnits="userSpaceOnUse">{PATTERNS[pattern]}</pattern>'
        '<linearGradient id="s"><stop offset="0" stop-color="#fff" stop-opacity=".18"/>'
        '<stop offset=".45" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity=".16"/>'
        f'</linearGradient><g id="b">{drawing.body}</g></defs>'
        f'<rect width="400" height="400" fill="{background}"/>{shadow}{drawing.behind}'
        f'<use href="#b" fill="{colour}"/>{pattern_fill}<use href="#b" fill="url(#s)"/>{drawing.front}</svg>\n',
        colours,
    )


def _with_colours(svg: str, colours: dict[str, str]) -> str:
    for placeholder, colour in colours.items():
        svg = svg.replace(placeholder, colour)
    return svg


def _darker(colour: str, share: float = 0.72) -> str:
    """``colour`` mixed with black."""
    channels = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(channel * share):02x}" for channel in channels)
