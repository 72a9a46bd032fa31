#!/usr/bin/env python
"""The command line of Export Gate: `manage.py help` lists the commands."""

import os
import sys

from project import embedded

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.core.management import execute_from_command_line

    with embedded.for_command(sys.argv):
        execute_from_command_line(sys.argv)
