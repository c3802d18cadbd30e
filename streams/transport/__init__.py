"""What `pouls://host:port` stands for: Faust's aiokafka driver, with chunks instead of records."""

from streams.transport.consumer import Consumer, Transport

__all__ = ["Consumer", "Transport"]
