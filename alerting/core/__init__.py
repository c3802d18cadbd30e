"""The pure half of alerts: rules, guards, observations, the state machine. No clock, no I/O."""
