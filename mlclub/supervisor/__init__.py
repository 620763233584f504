"""Starts the portal and everything it stands on, on one machine, without Django and without root.

`./run` is its only user besides the tests; production has `docker-compose.yml` instead.
"""
