"""A partner's two concurrences are two people's, as the two signatures of an agreement are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One constraint."""

    dependencies = [("cases", "0011_questions")]

    operations = [
        migrations.AddConstraint(
            model_name="concurrence",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retracted_at__isnull", True)),
                fields=("nomination", "concurred_by"),
                name="concurrence_two_people",
            ),
        ),
    ]
