from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "People"

    def ready(self) -> None:
        from members import accounts, bounces  # noqa: F401  connects allauth's and anymail's signals
