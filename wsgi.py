"""What a WSGI server imports; jobs run in `langbiang worker`, never here."""
import gc

import web

if not hasattr(web, "create_app"):
    raise SystemExit(f"The Python package `web` in {web.__file__} belongs to another distribution, perhaps web.py, and hides the pages of "
                     "Langbiang. Install Langbiang into an environment of its own.")
from web.watching.presence import announce

application = web.create_app()
announce(application)
gc.freeze()  # as `langbiang serve`
