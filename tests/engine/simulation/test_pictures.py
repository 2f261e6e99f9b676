from xml.etree import ElementTree

import pytest

from django_recs.engine.simulation import SHAPES, draw_picture
from django_recs.engine.simulation.pictures import PATTERNS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_drawing_is_well_formed_and_needs_no_styles(shape: str, pattern: str) -> None:
    picture = draw_picture(shape, colour="#336699", accent="#ffeedd", background="#f4f4f4", pattern=pattern)

    root = ElementTree.fromstring(picture)  # noqa: S314  (our own text)
    assert root.tag == f"{SVG}svg"
    assert not [element for element in root.iter() if "style" in element.attrib or element.tag == f"{SVG}script"]
    assert "{" not in picture.replace(SVG, "")


def test_colours_arrive_where_they_belong() -> None:
    picture = draw_picture("clock", colour="#336699", accent="#ffeedd", background="#f4f4f4")

    assert '<rect width="400" height="400" fill="#f4f4f4"/>' in picture
    assert '<use href="#b" fill="#336699"/>' in picture
    assert 'stroke="#25496e"' in picture  # 72 % of #336699


def test_an_unknown_shape_is_an_error() -> None:
    with pytest.raises(KeyError):
        draw_picture("yacht", colour="#336699", accent="#ffeedd", background="#f4f4f4")
