import re

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0007_session_forgotten_at")]

    operations = [
        migrations.AlterField(
            model_name="mcpserver",
            name="url",
            field=models.CharField(
                blank=True,
                help_text="Of a server that speaks streamable HTTP: https://host/mcp.",
                max_length=300,
                validators=[
                    django.core.validators.RegexValidator(
                        re.compile("^https?://[^\\s/?#]+(/[^\\s#]*)?(\\?[^\\s#]*)?\\Z"),
                        "An address such as https://host/mcp is expected.",
                    )
                ],
                verbose_name="address",
            ),
        ),
    ]
