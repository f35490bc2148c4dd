"""Room: organisations."""

from flask import Blueprint

room = Blueprint("organisations", __name__)
