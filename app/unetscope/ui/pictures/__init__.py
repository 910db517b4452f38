"""What leaves the window to be looked at: pictures of panels, figures, reports."""
