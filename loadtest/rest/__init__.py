"""`./atrium bench rest`: the REST side against an equivalent service, and its lists among a million files."""
