"""Alerts over HTTP: who reads what walls show, who does something, who comes by a signed link.

- ports.py says what is needed of Redis, Kafka and the API that these routes are mounted into.
- watch.py keeps what is shown, and whether anybody watches.
- fields.py reads bodies and parameters, and names every mistake.
- acting.py writes an act and waits until it is taken in.
- alerts.py, quiets.py, handing.py and acking.py have the handlers.
"""
