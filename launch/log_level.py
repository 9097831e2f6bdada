"""The level for `logging.json`, which refers to it by `ext://`, Python's way to name a value in a logging file."""

from core.settings import load_settings

LOG_LEVEL = load_settings().log_level.upper()
