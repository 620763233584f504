from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class KernelConfig(AppConfig):
    name = "mlclub"
    label = "mlclub"

    def ready(self) -> None:
        from mlclub.forms import speak_plainly

        speak_plainly()


class ClubAdminConfig(AdminConfig):
    """Django's own admin, entered only by people who hold an office today."""

    default_site = "mlclub.admin.ClubAdminSite"
