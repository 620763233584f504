from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "mlclub.portal"
    label = "portal"
