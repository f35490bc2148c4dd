"""Meetings of an event: where they can be, who wishes what, how they are agreed, moved and cancelled."""
