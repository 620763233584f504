"""What follows from signing up and signing in: allauth's signals, connected once from `apps.py`."""
