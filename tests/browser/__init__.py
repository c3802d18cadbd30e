"""The wall in a headless Chromium."""
