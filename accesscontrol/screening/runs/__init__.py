"""Screening runs: started by a change, cut into chunks, finished after the last of them."""
