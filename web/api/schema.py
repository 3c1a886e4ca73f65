"""The OpenAPI document of this installation, for anybody while the door is open somewhere."""

from flask import current_app, g
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from casework.bilingual import Bilingual
from casework.permissions import Action
from web.api.asking import parameters
from web.api.door import answered, is_anywhere
from web.api.openapi import openapi
from web.api.routes import answers


@answers("/openapi.json", Action.READ_PUBLIC, Bilingual("Tài liệu OpenAPI này.", "This OpenAPI document."), dict, needs_key=False)
def document() -> ResponseReturnValue:
    if not is_anywhere():
        raise NotFound
    parameters(())
    g.is_for_all = True
    return answered(openapi(current_app.config["BASE_URL"].rstrip("/")))
