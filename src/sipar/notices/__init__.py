"""What was observed about an organisation: findings, rules of telling, bundles, deliveries and answers."""
