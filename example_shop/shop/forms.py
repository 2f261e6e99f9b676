from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm

from django_recs.models import Purpose
from shop.cart import MOST_PIECES


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(min_value=0, max_value=MOST_PIECES, initial=1)


class AddressForm(forms.Form):
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    street = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "street-address"}))
    postcode = forms.CharField(max_length=20, widget=forms.TextInput(attrs={"autocomplete": "postal-code"}))
    city = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"autocomplete": "address-level2"}))


class RegisterForm(UserCreationForm):
    email = forms.EmailField(required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    class Meta(UserCreationForm.Meta):
        model = get_user_model()
        fields = ("username", "email")


class ConsentForm(forms.Form):
    """Everything, nothing, or the purposes that are ticked."""

    choice = forms.ChoiceField(choices=[("all", "all"), ("none", "none"), ("some", "some")])
    purposes = forms.MultipleChoiceField(
        choices=[(purpose.name.lower(), purpose.name) for purpose in Purpose if purpose.name], required=False
    )

    def chosen(self) -> list[str]:
        everything = [name for name, _ in self.fields["purposes"].choices]
        return {"all": everything, "none": []}.get(self.cleaned_data["choice"], self.cleaned_data["purposes"])

    def allowed(self) -> Purpose:
        return Purpose(sum(Purpose[name.upper()] for name in self.chosen()))
