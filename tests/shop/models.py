"""The test shop: what a host project with UUID keys and a user model of its own looks like."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class Customer(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)


class Product(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=100, blank=True)
    brand = models.CharField(max_length=100, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    list_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    launched_on = models.DateField(null=True)
    restocked_at = models.DateTimeField(null=True)
    variant_of = models.CharField(max_length=20, blank=True)
    is_published = models.BooleanField(default=True)
    stock = models.IntegerField(default=1)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/products/{self.pk}/"
