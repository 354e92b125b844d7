"""The queue as an object for procrastinate's own tools.

`procrastinate --app batch_import.fleet.app.app shell` opens its shell on the database of
VIOSTREAM_STATE.
"""

import os

from batch_import.fleet.tasks import make_app

app = make_app(os.environ.get("VIOSTREAM_STATE", ""))
