"""The one way in which a process says no."""


class Refused(Exception):
    """Nothing changed; the message is a sentence for whoever tried. A view shows it beside the field or as a message."""
