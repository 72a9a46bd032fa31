"""The impact preview's screens: what a draft would change, whom, and whether that is still true."""
