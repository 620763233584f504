from django.db import migrations, models

import nmep.models.assignments


class Migration(migrations.Migration):
    dependencies = [
        ("nmep", "0009_reviews_can_be_held"),
    ]

    operations = [
        migrations.AddField(
            model_name='part',
            name='skeleton',
            field=models.FileField(blank=True, help_text='What learners download to begin with. Reviewers see what was written beyond it.', max_length=120, upload_to=nmep.models.assignments.skeleton_path, verbose_name='starter'),
        ),
        migrations.AddField(
            model_name='part',
            name='skeleton_name',
            field=models.CharField(blank=True, editable=False, max_length=150),
        ),
    ]
