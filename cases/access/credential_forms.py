"""Forms of a grant's endpoint and secret."""

from typing import Final

from django import forms

from cases.access.forms import ConfirmForm
from portal.kit.forms import SingleLine

__all__ = ["ConfirmForm", "CredentialForm", "RevealForm"]

LONGEST: Final = 4000


class CredentialForm(forms.Form):
    """Endpoint and secret. The secret is never sent back to a page, so after a refusal it is typed again."""

    endpoint = forms.URLField(
        label="Endpoint address", max_length=500, assume_scheme="https",
        help_text="An https:// address. It is not called from here.",
    )  # fmt: skip
    secret = forms.CharField(
        label="Secret", max_length=LONGEST, widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text="The key or token of this grant alone, so that it can be changed without others.",
    )  # fmt: skip

    def clean_endpoint(self) -> str:
        """An address that carries the secret only under encryption."""
        endpoint: str = self.cleaned_data["endpoint"]
        if not endpoint.startswith("https://"):
            raise forms.ValidationError(
                "Give an address that begins with https://; others would carry it openly."
            )
        return endpoint


class RevealForm(forms.Form):
    """Why endpoint and secret are needed now."""

    reason = SingleLine(
        label="For what you need them now", max_length=500,
        help_text="Read by the developer, who is told at once, and by the agency.",
    )  # fmt: skip
