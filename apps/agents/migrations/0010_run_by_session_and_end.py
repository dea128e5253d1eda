from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0009_warm_up'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['session', 'finished_at'], name='run_by_session_and_end'),
        ),
    ]
