"""What people see of a run: `results` gathers it, `table` prints it, `chart` draws it, `publish` writes the page."""
