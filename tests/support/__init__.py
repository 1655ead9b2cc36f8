"""What the black-box tests are written with: a real Docker engine, a real talomed, and a plain HTTP client."""

from .engine import Engine
from .paths import REPOSITORY, build, plugin_directories
from .talomed import DEFAULT, PASSWORD, USERNAME, Talomed
from .waiting import free_port, wait_until
from .wire import Answer, exchange, request

__all__ = [
    "Answer", "DEFAULT", "Engine", "PASSWORD", "REPOSITORY", "Talomed", "USERNAME", "build", "exchange", "free_port",
    "plugin_directories", "request", "wait_until",
]
