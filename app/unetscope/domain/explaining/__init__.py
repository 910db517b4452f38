"""Why the mask is as it is: what can be asked, and what the answers are."""
