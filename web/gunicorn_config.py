"""The former name of web.serving.gunicorn_config: the unit of a machine that ran gunicorn before 0.9.3 still says it."""

from web.serving.gunicorn_config import *  # noqa: F403
