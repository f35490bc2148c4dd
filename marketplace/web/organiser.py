"""Room: organiser."""

from flask import Blueprint

room = Blueprint("organiser", __name__)
