from django.contrib.auth import views as auth_views
from django.urls import path

from shop.views import account, cart, checkout, pages, privacy

urlpatterns = [
    path("", pages.home, name="home"),
    path("c/<slug:slug>/", pages.category, name="category"),
    path("p/<str:sku>/", pages.product, name="product"),
    path("search/", pages.search, name="search"),
    path("cart/", cart.show, name="cart"),
    path("cart/<str:sku>/add/", cart.add, name="cart-add"),
    path("cart/<str:sku>/set/", cart.change, name="cart-set"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("checkout/thank-you/<str:number>/", checkout.thank_you, name="thank-you"),
    path("account/", account.overview, name="account"),
    path("account/orders/<str:number>/", account.order, name="order"),
    path("account/register/", account.register, name="register"),
    path("account/login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("account/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("privacy/", privacy.page, name="privacy"),
    path("privacy/consent/", privacy.consent, name="consent"),
]
