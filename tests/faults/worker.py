"""A worker without a broker: does what the task does whenever it is woken, until it is killed."""

import sys
import time


def main() -> None:
    import django

    django.setup()
    from accesscontrol import tasks
    from accesscontrol.screening.judge import evaluators  # noqa: F401 - loaded before the start
    from accesscontrol.screening.narrowing import selection  # noqa: F401 - loaded before the start

    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        tasks.screen()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
