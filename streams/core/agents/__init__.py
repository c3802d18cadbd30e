"""Agents' time: what people were planned to do, what they do, and what it means."""
