from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("nmep", "0019_papers_keep_their_slides")]

    operations = [
        migrations.AddField(
            model_name="module",
            name="imported_as",
            field=models.CharField(blank=True, default="", editable=False, max_length=24),
            preserve_default=False,
        ),
    ]
