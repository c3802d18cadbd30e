"""The readers' side: one Board fed from Redis, read over HTTP and WebSocket."""
