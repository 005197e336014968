"""Tables of the audit log, of notices and of the outbox."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "portal_heartbeat",
            },
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("job", models.CharField(max_length=80)),
                ("key", models.CharField(max_length=200)),
                ("args", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("run_at", models.DateTimeField()),
                ("send_at", models.DateTimeField()),
                ("sends", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("lease", models.UUIDField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("fault", models.CharField(blank=True, max_length=200)),
                ("request_id", models.CharField(blank=True, max_length=80)),
            ],
            options={
                "db_table": "portal_outbox",
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at__isnull", True), ("failed_at__isnull", True)),
                        fields=["send_at"],
                        name="outbox_due",
                    ),
                    models.Index(
                        condition=models.Q(("failed_at__isnull", False)),
                        fields=["failed_at"],
                        name="outbox_dead",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("key",), name="outbox_key_once")],
            },
        ),
        migrations.CreateModel(
            name="Sequence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80)),
                ("length", models.PositiveBigIntegerField(default=0)),
                ("head", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "db_table": "portal_audit_sequence",
                "constraints": [models.UniqueConstraint(fields=("key",), name="sequence_key_once")],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=80)),
                ("actor_name", models.CharField(blank=True, max_length=300)),
                ("organisation_name", models.CharField(blank=True, max_length=300)),
                ("role", models.CharField(blank=True, max_length=80)),
                ("capacity", models.CharField(blank=True, max_length=40)),
                ("appointment_id", models.CharField(blank=True, max_length=40)),
                ("policy_version", models.CharField(blank=True, max_length=80)),
                ("request_id", models.CharField(blank=True, max_length=80)),
                ("reason", models.TextField(blank=True)),
                ("subject_model", models.CharField(blank=True, max_length=100)),
                ("subject_id", models.CharField(blank=True, max_length=40)),
                ("case_id", models.UUIDField(null=True)),
                ("rows", models.JSONField(default=list)),
                ("data", models.JSONField(default=dict)),
                ("salt", models.CharField(max_length=32)),
                ("previous", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sequence",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="portal.sequence",
                    ),
                ),
            ],
            options={
                "db_table": "portal_audit_entry",
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=80)),
                ("case_id", models.UUIDField(null=True)),
                ("subject_model", models.CharField(blank=True, max_length=100)),
                ("subject_id", models.CharField(blank=True, max_length=40)),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                ("mailed_at", models.DateTimeField(null=True)),
                (
                    "recipient",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "portal_notice",
                "indexes": [
                    models.Index(fields=["recipient", "-at", "-id"], name="notice_of_person"),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["recipient"],
                        name="notice_unread",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefusalCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("times", models.PositiveIntegerField(default=1)),
                (
                    "entry",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.entry",
                    ),
                ),
            ],
            options={
                "db_table": "portal_audit_refusal",
                "constraints": [models.UniqueConstraint(fields=("key",), name="refusal_key_once")],
            },
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("case_id__isnull", False)),
                fields=["case_id", "number"],
                name="entry_of_case",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["at", "id"], name="entry_by_time"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("actor__isnull", False)), fields=["actor", "id"], name="entry_by_actor"
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("subject_id", ""), _negated=True),
                fields=["subject_id", "id"],
                name="entry_of_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("sequence", "number"), name="entry_number_once"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("digest",), name="entry_digest_once"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="entry_number_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")), name="entry_digest_is_sha256"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("previous__regex", "^[0-9a-f]{64}$")), name="entry_previous_is_sha256"
            ),
        ),
    ]
