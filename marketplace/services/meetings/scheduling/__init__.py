"""The scheduling room: what the engine is asked, what it answers, how a draft is changed by hand, and publication."""
