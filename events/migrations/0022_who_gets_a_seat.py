import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('events', '0021_sign_up_questions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='registration',
            options={'ordering': ['place', 'created_at', 'pk']},
        ),
        migrations.RemoveIndex(
            model_name='registration',
            name='registration_order',
        ),
        migrations.AddField(
            model_name='registration',
            name='cancelled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='registration',
            name='moved_up_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='registration',
            name='place',
            field=models.IntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='registration',
            name='said_no_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='series',
            name='opens_before',
            field=models.DurationField(blank=True, help_text='How long before each date; empty: at once.', null=True, verbose_name='registration opens'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('state', 'going')), fields=['event', 'place', 'created_at', 'id'], name='registration_order'),
        ),
    ]
