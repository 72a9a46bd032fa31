"""A worker without a broker: takes chunks whenever it reads a line, as a Celery worker's task does."""

import sys


def main() -> None:
    import django

    django.setup()
    from tests.benchmarks.screenings import work

    print("ready", flush=True)
    for _ in sys.stdin:
        work()
        print("done", flush=True)


if __name__ == "__main__":
    main()
