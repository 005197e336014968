"""Uploads that go on where they broke off."""

import uuid

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import cases.documents.uploads.models
from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0012_two_people_concur"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalUpload",
            fields=[
                ("id", models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                (
                    "purpose",
                    models.CharField(choices=cases.documents.uploads.models.purpose_choices, max_length=10),
                ),
                ("file_name", models.CharField(max_length=255)),
                ("length", models.PositiveBigIntegerField(help_text="Bytes, as announced")),
                (
                    "announced_sha256",
                    models.CharField(
                        blank=True, help_text="The sender's digest, if it gave one", max_length=64
                    ),
                ),
                (
                    "modified_ms",
                    models.BigIntegerField(
                        blank=True,
                        help_text="When the sender's file was changed last, by the sender's clock",
                        null=True,
                    ),
                ),
                ("begun_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "end_reason",
                    models.CharField(
                        blank=True, choices=cases.documents.uploads.models.end_choices, max_length=10
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "begun_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.case",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.document",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.grant",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="What it became",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.documentversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical upload",
                "verbose_name_plural": "historical uploads",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "purpose",
                    models.CharField(choices=cases.documents.uploads.models.purpose_choices, max_length=10),
                ),
                ("file_name", models.CharField(max_length=255)),
                ("length", models.PositiveBigIntegerField(help_text="Bytes, as announced")),
                (
                    "announced_sha256",
                    models.CharField(
                        blank=True, help_text="The sender's digest, if it gave one", max_length=64
                    ),
                ),
                (
                    "modified_ms",
                    models.BigIntegerField(
                        blank=True,
                        help_text="When the sender's file was changed last, by the sender's clock",
                        null=True,
                    ),
                ),
                ("begun_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "end_reason",
                    models.CharField(
                        blank=True, choices=cases.documents.uploads.models.end_choices, max_length=10
                    ),
                ),
                (
                    "begun_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uploads",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="uploads", to="cases.case"
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uploads",
                        to="cases.document",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uploads",
                        to="cases.grant",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uploads",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        blank=True,
                        help_text="What it became",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upload",
                        to="cases.documentversion",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["begun_by", "case"],
                        name="upload_live_of_person",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["case", "owner"],
                        name="upload_live_of_case",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["expires_at"],
                        name="upload_live_expires",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("document", None), ("grant", None), ("purpose", "document")),
                            models.Q(("document__isnull", False), ("grant", None), ("purpose", "version")),
                            models.Q(("document", None), ("grant__isnull", False), ("purpose", "findings")),
                            _connector="OR",
                        ),
                        name="upload_is_meant_for_one_thing",
                    ),
                    models.CheckConstraint(condition=models.Q(("length__gt", 0)), name="upload_has_bytes"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at", None), ("sha256", "")),
                            models.Q(("finished_at__isnull", False), ("sha256__regex", "^[0-9a-f]{64}$")),
                            _connector="OR",
                        ),
                        name="upload_finished_has_digest",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end_reason", ""), ("ended_at", None), ("version", None)),
                            models.Q(
                                ("end_reason", "used"),
                                ("ended_at__isnull", False),
                                ("finished_at__isnull", False),
                                ("version__isnull", False),
                            ),
                            models.Q(
                                ("end_reason__in", ["removed", "expired", "differs"]),
                                ("ended_at__isnull", False),
                                ("version", None),
                            ),
                            _connector="OR",
                        ),
                        name="upload_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("begun_at"))),
                        name="upload_expires_later",
                    ),
                ],
            },
        ),
        append_only("cases_historicalupload"),
    ]
