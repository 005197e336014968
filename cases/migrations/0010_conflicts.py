"""Conflict-of-interest declarations, and what lifting a recusal leaves."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import cases.register.models
from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_append_only"),
        ("cases", "0009_agreement_terms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Declaration",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "number",
                    models.PositiveIntegerField(help_text="Counts the person's declarations on the case"),
                ),
                ("kind", models.CharField(choices=cases.register.models.declaration_choices, max_length=20)),
                ("text", models.TextField(blank=True)),
                ("declared_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="historicalpolicyversion",
            name="declarations",
            field=models.JSONField(
                default=cases.register.models.declaring_roles, help_text="Roles that declare before they act"
            ),
        ),
        migrations.AddField(
            model_name="historicalrecusal",
            name="lift_reason",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="historicalrecusal",
            name="lifted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="declarations",
            field=models.JSONField(
                default=cases.register.models.declaring_roles, help_text="Roles that declare before they act"
            ),
        ),
        migrations.AddField(
            model_name="recusal",
            name="lift_reason",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="recusal",
            name="lifted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="recusal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_by__isnull", True), ("until__isnull", True)),
                    models.Q(
                        ("lifted_by__isnull", False),
                        ("until__isnull", False),
                        models.Q(("lift_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="recusal_lifted_with_reason",
            ),
        ),
        migrations.AddField(
            model_name="declaration",
            name="appointment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.appointment"
            ),
        ),
        migrations.AddField(
            model_name="declaration",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="declarations", to="cases.case"
            ),
        ),
        migrations.AddField(
            model_name="declaration",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="declarations",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="declaration",
            name="recusal",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="declaration",
                to="cases.recusal",
            ),
        ),
        migrations.AddConstraint(
            model_name="declaration",
            constraint=models.UniqueConstraint(
                fields=("case", "person", "number"), name="declaration_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="declaration",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "none"), ("recusal__isnull", True)),
                    models.Q(
                        models.Q(("kind", "none"), _negated=True),
                        models.Q(("text", ""), _negated=True),
                        ("recusal__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="declared_conflict_recuses",
            ),
        ),
        append_only("cases_declaration"),
    ]
