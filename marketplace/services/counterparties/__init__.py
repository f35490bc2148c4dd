"""What funders and vendors state of themselves: written by their people, checked by the organisers, read by cities."""
