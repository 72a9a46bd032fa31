"""What a screening found: findings, sheets, standings, and the feed of their changes."""
