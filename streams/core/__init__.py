"""The pure core: events, contacts, sums, windows, KPIs. No clock, no I/O, no framework."""
