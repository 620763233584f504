from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("nmep", "0016_concept_checks_and_questions")]

    operations = [
        migrations.AddField(
            model_name="offering",
            name="kept_lines",
            field=models.JSONField(blank=True, default=list, editable=False),
        ),
    ]
