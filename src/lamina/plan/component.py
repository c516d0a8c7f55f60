"""Component: what the bytes of a layer are for."""

from enum import StrEnum


class Component(StrEnum):
    """The parts that an image's size is divided into."""

    BASE = "base"
    SYSTEM = "system"
    ENVIRONMENT = "environment"
    DEPENDENCIES = "dependencies"
    APPLICATION = "application"
    OTHER = "other"
