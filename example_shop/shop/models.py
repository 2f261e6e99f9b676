"""What the shop sells and what was ordered."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.urls import reverse
from django.utils import timezone


class Category(models.Model):
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=120, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> Self:
        """What shoppers may see."""
        return self.filter(Product.ON_SALE)

    def in_category(self, category: Category) -> Self:
        """Products of a category and of those below it."""
        return self.filter(Q(category=category) | Q(category__parent=category))

    def matching(self, words: str) -> Self:
        """Products that have every word somewhere in title, brand, category or description."""
        found = self
        for word in words.split()[:8]:
            found = found.filter(
                Q(title__icontains=word)
                | Q(brand__icontains=word)
                | Q(category__name__icontains=word)
                | Q(description__icontains=word)
            )
        return found


class Product(models.Model):
    ON_SALE = Q(is_published=True, stock__gt=0)

    sku = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    brand = models.CharField(max_length=100, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    list_price = models.DecimalField("price before the sale", max_digits=10, decimal_places=2, null=True, blank=True)
    picture = models.FileField(upload_to="pictures", blank=True)
    stock = models.PositiveIntegerField(default=0)
    is_published = models.BooleanField(default=True)
    launched_at = models.DateTimeField(default=timezone.now)
    restocked_at = models.DateTimeField("last back in stock", null=True, blank=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        indexes = [models.Index(fields=["category", "-launched_at"], name="shop_product_category")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.sku])


class Order(models.Model):
    number = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders"
    )
    placed_at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    street = models.CharField(max_length=200, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-placed_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Decimal:
        return self.lines.aggregate(total=Sum(F("price") * F("quantity")))["total"] or Decimal(0)


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_id}"

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity
