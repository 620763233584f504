from django.apps import AppConfig


class NmepConfig(AppConfig):
    name = "nmep"
    verbose_name = "New-member programme"
