"""A process of its own that asks the same question whenever a line comes in, as a second web worker."""

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"


def main() -> None:
    import django

    django.setup()
    from django.test import Client

    from tests.worlds import ground

    token = sys.argv[1]
    body = ground.question("zhong", user={"us_person": True}, context={"end_use": "civil"})
    for _ in sys.stdin:
        response = Client().post(
            "/access/v1/evaluation",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}", "Host": "localhost"},
        )
        context = json.loads(response.content).get("context", {})
        print(json.dumps([response.status_code, context.get("outcome"), context.get("release")]))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
