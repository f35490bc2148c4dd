"""Which funders and vendors fit which projects: computed, kept, said in words, and overridden by the organisers."""
