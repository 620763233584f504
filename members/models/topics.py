from __future__ import annotations

from django.db import models

from mlclub.privacy import NOT_PERSONAL


class Topic(models.Model):
    """Something people know, teach or want to learn: diffusion, reinforcement learning, grant writing."""

    name = models.CharField(max_length=60, unique=True)
    slug = models.SlugField(max_length=60, unique=True)

    personal_data = NOT_PERSONAL

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
