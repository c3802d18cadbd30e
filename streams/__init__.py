"""From Kafka to Redis: events in, exact sums out."""
