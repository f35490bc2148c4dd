"""Room: account."""

from flask import Blueprint

room = Blueprint("account", __name__)
