"""Shelves in templates: markup for people and for the script, or nothing at all."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context, Template, engines
from django.test import RequestFactory
from pytest_django.fixtures import Settings as DjangoSettings

from django_recs.catalog import registry
from django_recs.models import ModelVersion, Placement
from django_recs.tracking.attribution import read_token
from tests.serving.test_ladder import failing
from tests.shop.models import Product

Products = dict[str, Product]


@pytest.fixture
def page(db: None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return request


def rendered(source: str, **context: Any) -> str:
    return Template("{% load recs %}" + source).render(Context(context)).strip()


class Elements(HTMLParser):
    """Start tags with their attributes, in order."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def with_attribute(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.found if name in attributes]


@pytest.mark.usefixtures("live")
def test_recommend_stores_the_list_for_markup_of_ones_own(page: HttpRequest, products: Products) -> None:
    source = (
        '{% recommend "similar" item=product limit=2 as shelf %}'
        "{{ shelf.title }}: {% for item in shelf %}{{ item.slot }} {{ item.title }} {{ item.url }} {{ item.price }} "
        "{{ item.product.brand }}{% recs_reason item %}; {% endfor %}{{ shelf|length }}"
    )

    text = rendered(source, request=page, product=products["mug"])

    bowl = products["bowl"]
    assert text.startswith(f"You might also like: 0 Bowl /products/{bowl.pk}/ 2.00 Similar to Mug; ")
    assert text.endswith("; 2")


@pytest.mark.usefixtures("live")
def test_a_shelf_is_marked_up_for_people_and_for_the_script(page: HttpRequest, products: Products) -> None:
    markup = rendered('{% recs_shelf "trending" limit=2 %}', request=page)
    elements = Elements(markup)

    (section,) = [attributes for tag, attributes in elements.found if tag == "section"]
    (heading,) = [attributes for tag, attributes in elements.found if tag == "h2"]
    (list_,) = elements.with_attribute("data-recs-list")
    links = elements.with_attribute("data-recs-item")
    buttons = elements.with_attribute("data-recs-dismiss")
    attribution = read_token(str(list_["data-recs-list"]))

    assert [(button["aria-label"], button["type"]) for button in buttons] == [
        ("Not for me: Vase", "button"),
        ("Not for me: Mug", "button"),
    ]
    assert section["aria-labelledby"] == heading["id"]
    assert "Popular right now</h2>" in markup
    assert [(link["data-recs-item"], link["data-recs-slot"], link["href"]) for link in links] == [
        (str(products[name].pk), str(slot), f"/products/{products[name].pk}/")
        for slot, name in enumerate(["vase", "mug"])
    ]
    assert attribution is not None
    assert (attribution.placement, attribution.rung) == ("trending", "popularity")
    assert heading["id"] == f"recs-{attribution.list_id}"


@pytest.mark.usefixtures("live")
def test_pictures_and_prices_are_shown_where_they_are_known(
    page: HttpRequest, products: Products, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.shop.recs import ShopCatalog

    monkeypatch.setattr(ShopCatalog, "get_image_url", lambda self, product: f"/media/{product.title}.png")
    Product.objects.filter(title="Mug").update(price=None)

    markup = rendered('{% recs_shelf "trending" limit=2 %}', request=page)

    images = [attributes for tag, attributes in Elements(markup).found if tag == "img"]
    assert [(image["src"], image["alt"], image["loading"]) for image in images] == [
        ("/media/Vase.png", "", "lazy"),
        ("/media/Mug.png", "", "lazy"),
    ]
    assert markup.count("recs-shelf__price") == 1


@pytest.mark.usefixtures("live")
def test_titles_from_the_catalogue_are_escaped(page: HttpRequest, products: Products) -> None:
    attack = '"><script>alert(1)</script>'
    Product.objects.filter(title="Vase").update(title=attack)
    Placement.objects.filter(slug="trending").update(title=attack)

    markup = rendered('{% recs_shelf "trending" %}', request=page)

    assert "<script" not in markup
    assert markup.count("&lt;script&gt;") == 3  # heading, name, and the button that speaks of it


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "source",
    [
        '{% recs_shelf "nowhere" %}',
        '{% recs_shelf "" %}',
        "{% recs_shelf missing %}",
        '{% recs_shelf "frequently_bought_together" item=product %}',
        '{% recs_shelf "frequently_bought_together" item=missing items=missing %}',
        '{% recs_shelf "recently_viewed" limit="many" %}',
        '{% recs_shelf "trending" limit="many" %}',
        '{% recs_shelf "frequently_bought_together" items=7 %}',
        '{% recs_fragment "not a slug" %}',
        '{% recs_fragment "trending" limit="many" %}',
        '{% recommend "nowhere" as shelf %}{% for item in shelf %}{{ item }}{% endfor %}',
        "{% recs_reason missing %}",
    ],
)
def test_what_cannot_be_shown_has_no_markup(source: str, page: HttpRequest, products: Products) -> None:
    assert rendered(source, request=page, product=products["rug"]) == ""


def test_a_page_without_request_catalogue_or_database_has_no_markup(
    live: ModelVersion, page: HttpRequest, products: Products, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = '{% recs_shelf "trending" %}{% recommend "for_you" as shelf %}{{ shelf|length }}'

    assert "Vase" in rendered(source)
    with failing(""):
        assert rendered(source, request=page) == "0"
    monkeypatch.setattr(registry, "_registered", [])
    assert rendered(source, request=page) == "0"


@pytest.mark.usefixtures("live")
def test_with_debug_a_comment_says_which_rung_made_the_shelf(
    page: HttpRequest, products: Products, settings: DjangoSettings
) -> None:
    settings.DEBUG = True

    assert rendered('{% recs_shelf "trending" %}', request=page).endswith(
        "<!-- django_recs: trending from the rung popularity -->"
    )
    assert rendered('{% recs_shelf "now--here" %}', request=page) == (
        "<!-- django_recs: now__here from the rung empty -->"
    )


@pytest.mark.usefixtures("live")
def test_a_placement_may_have_a_template_of_its_own(
    page: HttpRequest, products: Products, settings: DjangoSettings, tmp_path: Path
) -> None:
    (tmp_path / "django_recs").mkdir()
    (tmp_path / "django_recs" / "shelf_trending.html").write_text("mine: {{ shelf.items.0.title }}")
    (tmp_path / "django_recs" / "shelf_similar.html").write_text("{% load nothing_of_the_kind %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    assert rendered('{% recs_shelf "trending" %}', request=page) == "mine: Vase"
    assert rendered('{% recs_shelf "similar" item=product %}', request=page, product=products["mug"]) == ""
    assert rendered('{% recs_shelf "for_you" %}', request=page).startswith("<section")
    assert engines  # the engines are rebuilt from the settings, with and without the folder


def test_a_fragment_is_a_place_for_the_script_to_fill(db: None, products: Products) -> None:
    mug, bowl = products["mug"], products["bowl"]

    assert rendered('{% recs_fragment "for_you" %}') == (
        '<div class="recs-fragment" data-recs-fragment="/recs/v1/fragments/for_you/"></div>'
    )
    assert rendered('{% recs_fragment "similar" item=mug limit=4 %}', mug=mug) == (
        f'<div class="recs-fragment" data-recs-fragment="/recs/v1/fragments/similar/?item={mug.pk}&amp;limit=4"></div>'
    )
    assert rendered('{% recs_fragment "similar" items=basket %}', basket=[mug, str(bowl.pk), "junk"]) == (
        '<div class="recs-fragment" data-recs-fragment="/recs/v1/fragments/similar/'
        f'?items={mug.pk}&amp;items={bowl.pk}"></div>'
    )


def test_the_same_fragment_is_rendered_for_everybody(
    db: None, django_assert_num_queries: Callable[..., Any], page: HttpRequest
) -> None:
    with django_assert_num_queries(0):
        assert rendered('{% recs_fragment "for_you" %}', request=page) == rendered('{% recs_fragment "for_you" %}')


@pytest.mark.usefixtures("live")
def test_a_picture_that_fails_costs_the_picture_only(
    page: HttpRequest, products: Products, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.shop.recs import ShopCatalog

    def fail(self: object, product: object) -> str:
        raise OSError("no storage")

    monkeypatch.setattr(ShopCatalog, "get_image_url", fail)
    monkeypatch.setattr(ShopCatalog, "get_url", fail)

    markup = rendered('{% recs_shelf "trending" limit=1 %}', request=page)

    assert "Vase" in markup
    assert 'href=""' in markup
    assert "<img" not in markup


def test_a_variant_for_a_template(db: None, rf: RequestFactory) -> None:
    code = '{% load recs %}{% recs_variant "header" as variant %}[{{ variant }}]'

    assert Template(code).render(Context({})) == "[control]"
    assert Template(code).render(Context({"request": rf.get("/")})) == "[control]"
