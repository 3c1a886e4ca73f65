"""The secrets that sign cookies and links: the present one, and for a while after a change the previous one."""

from flask import current_app, g, request
from flask_wtf.csrf import CSRFProtect, validate_csrf
from wtforms import ValidationError

from web.sent_forms import without_key


def signing_keys() -> list[str]:
    """The valid secrets, the present one last: signers sign with the last."""
    return [*(current_app.config.get("SECRET_KEY_FALLBACKS") or ()), current_app.config["SECRET_KEY"]]


class FormProtection(CSRFProtect):
    """Also accepts the token of a page opened before the secret was changed, so that what was typed there is not lost."""

    def _get_csrf_token(self) -> str | None:
        return without_key(super()._get_csrf_token())

    def protect(self, apply_exemptions: bool = False) -> None:
        """Refuse a request whose token was signed with neither secret."""
        before = signing_keys()[:-1]
        is_exempt = apply_exemptions and (not request.endpoint or self._is_exempt())
        if before and not is_exempt and request.method in current_app.config["WTF_CSRF_METHODS"]:
            try:
                validate_csrf(self._get_csrf_token(), secret_key=before[0])
            except ValidationError:
                pass
            else:
                g.csrf_valid = True
                return
        super().protect(apply_exemptions)
