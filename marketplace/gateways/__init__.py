"""Doors to the world outside: plain values in, plain values out."""
