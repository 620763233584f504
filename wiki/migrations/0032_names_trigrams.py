import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('wiki', '0031_moves'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='page',
            index=django.contrib.postgres.indexes.GinIndex(fields=['names'], name='page_names_trigrams', opclasses=['gin_trgm_ops']),
        ),
    ]
