"""One Asterisk: its configuration, its life, its console."""
