"""A quick change before the long one: what is done stays done."""

from django.db import migrations


class Migration(migrations.Migration):
    """A column without a default costs nothing, however many rows there are."""

    dependencies = [("portal", "0001_initial")]
    operations = [migrations.RunSQL("ALTER TABLE portal_audit_refusal ADD COLUMN heavy_seen timestamptz")]
