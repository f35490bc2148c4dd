"""Reviews of projects: the rubric, who judges what, the judgement itself, and what is decided on it."""
