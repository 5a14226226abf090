"""Calls of RongCloud's API as its own packages make them: `calls.py VERSION ADDRESS KEY SECRET`.

Standard input has a JSON list a line: the call and its arguments. Standard output has the answer to each, a line.
PYTHONPATH names the folder of that version: the two packages have one module name.
"""

import json
import sys

version, address, key, secret = sys.argv[1:]


def of_2():
    from rongcloud import RongCloud
    from rongcloud.base import RongCloudBase

    RongCloudBase.api_host = address
    cloud = RongCloud(key, secret)
    calls = {
        "token": cloud.User.getToken,
        "create": cloud.Group.create,
        "join": cloud.Group.join,
        "quit": cloud.Group.quit,
        "dismiss": cloud.Group.dismiss,
        "query": cloud.Group.queryUser,
    }
    return lambda call, *given: calls[call](*given).get()


def of_3():
    from rongcloud.rongcloud import RongCloud

    cloud = RongCloud(key, secret, host_url=address)
    user, group = cloud.get_user(), cloud.get_group()
    calls = {
        "token": user.register,
        "create": group.create,
        "join": group.join,
        "quit": group.quit,
        "dismiss": group.dismiss,
        "query": group.query,
    }
    return lambda call, *given: calls[call](*given)


call = {"2.0.1": of_2, "3.2.0": of_3}[version]()
for line in sys.stdin:
    print(json.dumps(call(*json.loads(line))), flush=True)
