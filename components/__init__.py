"""Pulumi components: thin, typed, without configuration or providers of their own, fit to be used from any program."""

from components.image import BuiltImage, BuiltImageArgs
from components.promotion import PromotedImage, PromotedImageArgs, PromotionSource
from components.repository import ImageRepository, ImageRepositoryArgs

__all__ = [
    "BuiltImage",
    "BuiltImageArgs",
    "ImageRepository",
    "ImageRepositoryArgs",
    "PromotedImage",
    "PromotedImageArgs",
    "PromotionSource",
]
