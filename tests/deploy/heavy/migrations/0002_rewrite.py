"""The long change: every row is written anew, and half of them once more."""

from django.db import migrations


class Migration(migrations.Migration):
    """One transaction; killed in its second statement, nothing of its first is there."""

    dependencies = [("heavy", "0001_room")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE portal_audit_refusal ADD COLUMN heavy_at timestamptz NOT NULL DEFAULT clock_timestamp()"
        ),
        migrations.RunSQL("UPDATE portal_audit_refusal SET heavy_seen = last_at WHERE times > 4"),
    ]
