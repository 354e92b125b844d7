"""An object for the command-line tool of procrastinate, the library behind the queue.

`procrastinate --app batch_import.fleet.app.app shell` opens a shell on the queue in the database
that the environment variable VIOSTREAM_STATE names.
"""

import os

from batch_import.fleet.tasks import make_app

app = make_app(os.environ.get("VIOSTREAM_STATE", ""))
