"""Audit entries never change, by trigger."""

from django.db import migrations

from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_initial")]

    operations = [append_only("portal_audit_entry")]
