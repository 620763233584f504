from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0007_rooms'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='helpers_wanted',
            field=models.PositiveSmallIntegerField(default=0, help_text="Members are asked on the event's page to lend a hand.", verbose_name='helpers wanted'),
        ),
        migrations.AddField(
            model_name='series',
            name='asks_note',
            field=models.BooleanField(default=False, verbose_name='ask what people cannot eat or need'),
        ),
        migrations.AddField(
            model_name='series',
            name='guests_allowed',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='guests each'),
        ),
        migrations.AddField(
            model_name='series',
            name='helpers_wanted',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='helpers wanted'),
        ),
        migrations.AddField(
            model_name='series',
            name='summary',
            field=models.CharField(blank=True, help_text='One or two sentences for lists.', max_length=240),
        ),
    ]
