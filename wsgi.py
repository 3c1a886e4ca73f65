"""What a WSGI server imports; jobs run in `langbiang worker`, never here."""
from web import create_app

application = create_app()
