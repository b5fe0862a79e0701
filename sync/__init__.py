"""What runs when: settings, command line, engine, daemon."""
