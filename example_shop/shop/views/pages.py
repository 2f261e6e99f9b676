"""The pages on which one looks around."""

from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from shop.models import Category, Product, ProductQuerySet

PAGE_LENGTH = 24
HERO_PICTURES = 6
SORTS = {
    "newest": ("Newest", ("-launched_at", "-pk")),
    "price": ("Price, low to high", ("price", "pk")),
    "-price": ("Price, high to low", ("-price", "pk")),
    "name": ("Name", ("title", "pk")),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    hero, tiles = _pictures()
    return render(request, "shop/home.html", {"hero": hero, "tiles": tiles})


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(Category.objects.select_related("parent"), slug=slug)
    products = Product.objects.on_sale().in_category(shown)
    context = {"category": shown, "siblings": (shown.parent or shown).children.all(), **_listing(request, products)}
    return render(request, "shop/category.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:100]
    products = Product.objects.on_sale().matching(words) if words else Product.objects.none()
    return render(request, "shop/search.html", {"words": words, **_listing(request, products)})


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    shown = get_object_or_404(Product.objects.filter(is_published=True).select_related("category__parent"), sku=sku)
    return render(request, "shop/product.html", {"product": shown})


def _pictures() -> tuple[list[str], list[dict[str, object]]]:
    """Six pictures for the top of the home page, and the departments with one each, from one query."""
    of_category = Product.objects.on_sale().exclude(picture="").filter(category=OuterRef("pk")).order_by("-price", "pk")
    categories = list(
        Category.objects.exclude(parent=None)
        .annotate(pictured=Subquery(of_category.values("picture")[:1]))
        .exclude(pictured=None)
        .select_related("parent")
        .order_by("parent__name", "name")
    )
    storage = Product._meta.get_field("picture").storage
    step = max(1, len(categories) // HERO_PICTURES)
    hero = [storage.url(category.pictured) for category in categories[step // 2 :: step][:HERO_PICTURES]]
    tiles: dict[Category, str] = {}
    for category in categories:
        tiles.setdefault(category.parent, storage.url(category.pictured))
    return hero, [{"department": department, "picture": picture} for department, picture in tiles.items()]


def _listing(request: HttpRequest, products: ProductQuerySet | QuerySet[Product]) -> dict[str, object]:
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "newest"
    page = Paginator(products.order_by(*SORTS[sort][1]), PAGE_LENGTH).get_page(request.GET.get("page"))
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {
        "page": page,
        "page_numbers": list(numbers),
        "sort": sort,
        "sorts": [(key, label) for key, (label, _) in SORTS.items()],
    }
