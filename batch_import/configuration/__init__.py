"""What a command is asked to do: settings, credentials, and where their values come from."""
