"""What the law asks of an organisation after an incident: duties with clocks, submissions, breaches."""
