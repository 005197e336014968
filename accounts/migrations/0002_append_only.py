"""History of people, organisations and appointments is append-only, by trigger."""

from django.db import migrations

from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        append_only(
            "accounts_historicaluser",
            "accounts_historicalorganisation",
            "accounts_historicalappointment",
        ),
    ]
