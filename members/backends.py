from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet

from members import standing
from members.models import User


class OfficeBackend(ModelBackend):
    """Grants what the offices of today carry. Nobody's rights are ticked by hand, so none outlive an office."""

    def authenticate(self, request: Any, **credentials: Any) -> None:  # type: ignore[override]
        """Never signs anybody in; that is allauth's."""
        return

    def _get_permissions(self, user_obj: Any, obj: Any, from_name: str) -> set[str]:
        """Nothing for whoever holds no office: every page asks, and the ORM is slow to see that nobody has to be asked."""
        if user_obj.is_active and not user_obj.is_superuser and not user_obj.standing.offices:
            setattr(user_obj, f"_{from_name}_perm_cache", set())
            return set()
        return super()._get_permissions(user_obj, obj, from_name)  # type: ignore[misc]

    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return Permission.objects.none()

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return Permission.objects.none()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """What the offices of today carry, which came with the standing."""
        if user_obj.is_superuser or obj is not None:
            return super().get_group_permissions(user_obj, obj)
        return {code for held in standing.of(user_obj).offices for code in held.permissions}
