from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0060_talk_search")]

    operations = [
        migrations.AddField(
            model_name="feedbackanswer",
            name="is_counted",
            field=models.BooleanField(default=False, editable=False),
        )
    ]
