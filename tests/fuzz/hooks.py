"""What the fuzzer must know of the box to get past its doors: credentials and the numbers of things that exist.

FUZZ in the environment is JSON: `doors` gives, for `DIALECT ACCESS` as the OpenAPI names them, ways of calling that are
good (headers, members of the body or the query); `known` gives values for fields by name, `spent` operations that may
not have a good credential because they end it. Seven calls of eight get a good way in, more where ten wrong ones lock
the door for a minute; three of four fields that are known by name get a known value. What a call gets hangs on the call
alone, so that a run can be repeated.
"""

import atexit
import json
import os
import zlib

import schemathesis

FUZZ = json.loads(os.environ["FUZZ"])


@schemathesis.hook
def before_call(context, case, kwargs):
    raw = case.operation.definition.raw
    dice = zlib.crc32(repr((case.method, case.path, case.query, case.body)).encode("utf-8", "replace"))
    for place in (case.body, case.query, case.path_parameters):
        if isinstance(place, dict):
            know(place, dice)
    share = 128 if raw["x-access"] == "secret" else 8
    if dice % share == 0 or raw["operationId"] in FUZZ["spent"]:
        return
    ways = FUZZ["doors"][f"{raw['tags'][0]} {raw['x-access']}"]
    if not ways:
        return
    way = ways[dice % len(ways)]
    for name, value in way.get("headers", {}).items():
        case.headers[name] = value
    for name, place in (("body", case.body), ("query", case.query)):
        if isinstance(place, dict):
            place.update(way.get(name, {}))


def know(fields, dice):
    for name, values in FUZZ["known"].items():
        chance = zlib.crc32(name.encode(), dice)
        if name in fields and chance % 4:
            fields[name] = values[chance % len(values)]


REACHED = {}


@schemathesis.hook
def after_call(context, case, response):
    """Counts what succeeded, so that the test can tell a fuzzer that got in from one that stood at the door."""
    name = case.operation.definition.raw["operationId"]
    called, good = REACHED.get(name, (0, 0))
    REACHED[name] = (called + 1, good + succeeded(response))


def succeeded(response):
    if response.status_code >= 400:
        return False
    try:
        body = response.json()
    except ValueError:
        return True
    if not isinstance(body, dict):
        return True
    good = {"errorCode": (0,), "errCode": (0,), "ErrorCode": (0,), "code": (0, 200), "status": (1, 2)}
    return all(body[name] in numbers for name, numbers in good.items() if isinstance(body.get(name), int))


@atexit.register
def report():
    if REACHED:
        with open(FUZZ["report"], "w") as file:
            json.dump(REACHED, file)
