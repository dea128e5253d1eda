from django.db import models


class Draft(models.Model):
    """A message on a platform that shows an answer while it is written; the final message takes it over."""

    run = models.OneToOneField("agents.Run", models.CASCADE, related_name="draft")
    external_id = models.CharField(max_length=255)
    is_status = models.BooleanField(default=False)  # it shows what is being done, and nothing of the answer
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"draft of run {self.run_id}"
