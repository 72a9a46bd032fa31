"""The screens: each module serves one noun, translates a request in and out and makes one call."""
