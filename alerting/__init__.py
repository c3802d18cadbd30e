"""Alerts that people keep on: rules over readings, what they fire, and the tools to try them."""
