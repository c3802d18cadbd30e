"""The bare loop that the worker is measured against: consume with aiokafka, decode, nothing else.

`python -m tests.benchmarks.loop BOOTSTRAP TOPIC COUNT` prints events a second, and a CPU second.
"""

import asyncio
import sys
import time

from aiokafka import AIOKafkaConsumer

from streams.core.events import decode


async def rates(bootstrap: str, topic: str, count: int) -> tuple[float, float]:
    """Return events a second and a CPU second, from the first batch to the last of `count`."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        seen, first, started, cpu = 0, 0, 0.0, 0.0
        while seen < count:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    decode(record.value)
                seen += len(records)
            if not started and seen:
                started, cpu, first = time.perf_counter(), time.process_time(), seen
        events = seen - first
        return events / (time.perf_counter() - started), events / (time.process_time() - cpu)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    print(*asyncio.run(rates(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
