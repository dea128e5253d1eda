import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0005_agent_that_acts'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='budgetnotice',
            name='one_budget_notice_per_period',
        ),
        migrations.RemoveConstraint(
            model_name='budgetnotice',
            name='one_budget_notice_per_period_of_the_installation',
        ),
        migrations.AddField(
            model_name='budgetnotice',
            name='about',
            field=models.CharField(default='', help_text="Whose budget, and for hard notices the chat that was told", max_length=60),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name='budgetnotice',
            name='period',
            field=models.CharField(help_text="2026-11 or 2026-11-22, in the budget's time zone", max_length=10),
        ),
        migrations.AlterField(
            model_name='modelprovider',
            name='base_url',
            field=models.CharField(default='https://api.anthropic.com', help_text='What stands before /v1/messages there.', max_length=300, validators=[django.core.validators.RegexValidator('^https?://[^\\s/?#@]+(/[^\\s?#]*)?\\Z', 'An address such as https://host or http://host:4000/api/anthropic.')], verbose_name='base URL'),
        ),
        migrations.AlterField(
            model_name='modelprovider',
            name='prices',
            field=models.JSONField(blank=True, default=dict, help_text='US$ for a million tokens by the beginning of the model\'s name, such as {"claude-sonnet-4": {"input": 3, "output": 15}}; also "cache_read", "cache_write", "cache_write_1h", and "web_search" for a thousand searches. Empty: Anthropic\'s published prices.', verbose_name='prices'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['finished_at'], name='run_by_end'),
        ),
        migrations.AddConstraint(
            model_name='budgetnotice',
            constraint=models.UniqueConstraint(fields=('about', 'period', 'kind'), name='one_budget_notice_per_period'),
        ),
    ]
