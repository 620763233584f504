import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("nmep", "0010_parts_have_starters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Phrase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=500, verbose_name='phrase')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['text', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='PhraseUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('criterion', models.CharField(max_length=80)),
                ('n', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['-n', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='phrase',
            name='offering',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='phrases', to='nmep.offering'),
        ),
        migrations.AddField(
            model_name='phrase',
            name='owner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='phraseuse',
            name='phrase',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='nmep.phrase'),
        ),
        migrations.AddConstraint(
            model_name='phrase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('offering__isnull', False), ('owner', None)), models.Q(('offering', None), ('owner__isnull', False)), _connector='OR'), name='phrase_has_one_home', violation_error_message="A phrase is either somebody's own or shared in an offering."),
        ),
        migrations.AddConstraint(
            model_name='phrase',
            constraint=models.UniqueConstraint(fields=('owner', 'offering', 'text'), name='one_phrase_a_text', nulls_distinct=False, violation_error_message='This phrase is there already.'),
        ),
        migrations.AddConstraint(
            model_name='phraseuse',
            constraint=models.UniqueConstraint(fields=('phrase', 'criterion'), name='one_use_a_criterion'),
        ),
    ]
