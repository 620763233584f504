import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('events', '0023_draws'),
    ]

    operations = [
        migrations.CreateModel(
            name='NoShowRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('missed', models.PositiveSmallIntegerField(default=2, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(20)], verbose_name='times missed')),
                ('weeks', models.PositiveSmallIntegerField(default=8, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(52)], verbose_name='within weeks')),
                ('consequence', models.CharField(choices=[('behind', 'Goes behind others where seats are few'), ('confirm', 'Is asked a day before to confirm, where others wait')], default='behind', max_length=8)),
                ('is_on', models.BooleanField(default=False, verbose_name='in force')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='counts from')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='event',
            name='door_list_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='registration',
            name='asked_to_confirm_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='registration',
            name='excused_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='noshowrule',
            name='series',
            field=models.OneToOneField(blank=True, help_text='Empty: the whole club.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='no_show_rule', to='events.series'),
        ),
        migrations.AddConstraint(
            model_name='noshowrule',
            constraint=models.UniqueConstraint(django.db.models.functions.comparison.Coalesce('series', 0), name='one_no_show_rule', violation_error_message='There is a rule already.'),
        ),
        migrations.AddConstraint(
            model_name='noshowrule',
            constraint=models.CheckConstraint(condition=models.Q(('missed__gte', 1), ('weeks__gte', 1)), name='no_show_rule_counts_something'),
        ),
    ]
