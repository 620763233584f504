import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('events', '0022_who_gets_a_seat'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EventDraw',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seed', models.CharField(editable=False, max_length=64)),
                ('commitment', models.CharField(editable=False, max_length=64, verbose_name='SHA-256 of the seed')),
                ('committed_at', models.DateTimeField(editable=False)),
                ('drawn_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('seats', models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name='seats drawn')),
                ('result', models.JSONField(blank=True, default=list, editable=False)),
            ],
            options={
                'ordering': ['-committed_at', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='event',
            name='drawn_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='event',
            name='uses_draw',
            field=models.BooleanField(default=False, help_text='Instead of first come: people put themselves in until registration closes.', verbose_name='draw the seats'),
        ),
        migrations.AddField(
            model_name='registration',
            name='ticket',
            field=models.CharField(blank=True, editable=False, max_length=12),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('uses_draw', False), models.Q(('capacity__isnull', False), ('registration_closes_at__isnull', False)), _connector='OR'), name='event_with_a_draw_has_seats_and_an_end', violation_error_message='A draw needs a number of seats and the hour at which registration closes.'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.UniqueConstraint(condition=models.Q(('ticket__gt', '')), fields=('event', 'ticket'), name='one_ticket_a_registration'),
        ),
        migrations.AddField(
            model_name='eventdraw',
            name='drawn_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='eventdraw',
            name='event',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='draw', to='events.event'),
        ),
    ]
