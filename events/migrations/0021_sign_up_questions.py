import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('events', '0020_registration_windows'),
    ]

    operations = [
        migrations.CreateModel(
            name='SignUpAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked', models.CharField(max_length=200)),
                ('value', models.JSONField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['question__position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='SignUpQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=200, verbose_name='question')),
                ('hint', models.CharField(blank=True, max_length=200)),
                ('kind', models.CharField(choices=[('text', 'A line of text'), ('long', 'Some lines of text'), ('choice', 'One of several'), ('choices', 'Any of several'), ('yes_no', 'Yes or no'), ('number', 'A number')], default='text', max_length=8, verbose_name='answered by')),
                ('choices', models.JSONField(blank=True, default=list)),
                ('is_required', models.BooleanField(default=False, verbose_name='must be answered')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('retired_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='signupanswer',
            name='registration',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='events.registration'),
        ),
        migrations.AddField(
            model_name='signupquestion',
            name='event',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='questions', to='events.event'),
        ),
        migrations.AddField(
            model_name='signupquestion',
            name='series',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='questions', to='events.series'),
        ),
        migrations.AddField(
            model_name='signupanswer',
            name='question',
            field=models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='answers', to='events.signupquestion'),
        ),
        migrations.AddIndex(
            model_name='signupquestion',
            index=models.Index(condition=models.Q(('retired_at', None)), fields=['event', 'position'], name='question_event'),
        ),
        migrations.AddIndex(
            model_name='signupquestion',
            index=models.Index(condition=models.Q(('retired_at', None)), fields=['series', 'position'], name='question_series'),
        ),
        migrations.AddConstraint(
            model_name='signupquestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('event__isnull', False), ('series__isnull', True)), models.Q(('event__isnull', True), ('series__isnull', False)), _connector='OR'), name='question_of_an_event_or_a_series'),
        ),
        migrations.AddConstraint(
            model_name='signupquestion',
            constraint=models.CheckConstraint(condition=models.Q(('text__gt', '')), name='sign_up_question_says_something', violation_error_message='Ask something.'),
        ),
        migrations.AddConstraint(
            model_name='signupanswer',
            constraint=models.UniqueConstraint(fields=('registration', 'question'), name='one_answer_a_question'),
        ),
    ]
