"""The former name of web.serving.gunicorn_config: units of machines that ran gunicorn before 0.9.3 still use it."""

from web.serving.gunicorn_config import *  # noqa: F403
