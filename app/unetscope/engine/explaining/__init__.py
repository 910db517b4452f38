"""Why the mask is as it is: every tool looks through passes of its own and changes nothing."""
