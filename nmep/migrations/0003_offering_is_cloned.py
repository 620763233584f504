import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("nmep", "0002_marks_are_append_only")]

    operations = [
        migrations.AddField(
            model_name="offering",
            name="cloned_from",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="nmep.offering",
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="opens_to",
            field=models.CharField(
                blank=True,
                choices=[
                    ("public", "Open to everyone"),
                    ("members", "Members"),
                    ("invited", "By invitation"),
                ],
                editable=False,
                max_length=8,
                default="",
            ),
            preserve_default=False,
        ),
    ]
