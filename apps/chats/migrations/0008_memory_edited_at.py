from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chats", "0007_trigger_is_pattern")]

    operations = [
        migrations.AddField("group", "memory_edited_at", models.DateTimeField(editable=False, null=True)),
    ]
